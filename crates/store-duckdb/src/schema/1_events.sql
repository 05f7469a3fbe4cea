-- CVAT's 17 columns in CVAT's order, then the hidden ones (columns.rs names the same ones).
-- Integers are BIGINT: unsigned arithmetic throws in DuckDB where ClickHouse widens.
-- The order of rows is the order of arrival, so blocks of rows cover short spans of time
-- and a query over a week reads little else.
CREATE TABLE events (
    scope                    VARCHAR   NOT NULL,
    obj_name                 VARCHAR,
    obj_id                   BIGINT,
    obj_val                  VARCHAR,
    source                   VARCHAR   NOT NULL,
    timestamp                TIMESTAMP NOT NULL, -- UTC, whole milliseconds
    count                    BIGINT,
    duration                 BIGINT    NOT NULL, -- ms
    project_id               BIGINT,
    task_id                  BIGINT,
    job_id                   BIGINT,
    user_id                  BIGINT,
    user_name                VARCHAR,
    user_email               VARCHAR,
    org_id                   BIGINT,
    org_slug                 VARCHAR,
    -- Valid JSON. Zstandard takes 20 bytes an event where DuckDB's own choice takes 28, and
    -- reading is no slower once values are extracted from it.
    payload                  VARCHAR USING COMPRESSION zstd,
    received_at              TIMESTAMP NOT NULL,
    request_id               UUID      NOT NULL, -- ties all events of one request together
    counted_ms               BIGINT[],           -- of working time: start, end, start, end, …
    payload_working_time     BIGINT,             -- NULL where the payload has no such path
    payload_message          VARCHAR,
    payload_stack            VARCHAR,
    payload_platform_name    VARCHAR,
    payload_platform_version VARCHAR,
    payload_platform_os      VARCHAR
);
