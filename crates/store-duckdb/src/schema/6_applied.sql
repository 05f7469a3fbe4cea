-- Up to which position of the journal events are stored here: one row, written in the transaction of the
-- events that it counts. Before there was a journal, the position was the number of events.

CREATE TABLE applied (position BIGINT NOT NULL);
INSERT INTO applied SELECT count(*) FROM events;
