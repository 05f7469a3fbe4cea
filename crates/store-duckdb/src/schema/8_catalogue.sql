-- What events tell of users, projects, tasks and jobs, for all rows before a position: the greatest in catalogue_until
-- of today's rules. Facts are only ever added; of those of one field the latest counts, by told_at, place and told.

CREATE TABLE catalogue_facts (
    kind    VARCHAR   NOT NULL,
    id      BIGINT    NOT NULL,
    field   VARCHAR   NOT NULL,
    told    VARCHAR   NOT NULL,
    told_at TIMESTAMP NOT NULL,
    place   BIGINT    NOT NULL
);

CREATE TABLE catalogue_until (
    position BIGINT NOT NULL,
    rules    BIGINT NOT NULL -- version of the rules
);
