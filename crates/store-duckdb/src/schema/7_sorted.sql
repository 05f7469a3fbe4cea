-- Rows of a group lie sorted, so that equal values follow one another: 41 bytes an event where the order of
-- arrival takes 59. That order is their position in the journal. Of a server's payload, which nearly always ends with
-- the id of its request and two brackets, the id is not stored a second time: payload_tail is what stands behind it.
-- Queries read the view, whose payload is as it came. Rows from before lie in the order of arrival.

ALTER TABLE events RENAME TO stored_events;
ALTER TABLE stored_events ADD COLUMN position BIGINT;
ALTER TABLE stored_events ADD COLUMN payload_tail VARCHAR;

CREATE VIEW events AS SELECT * EXCLUDE (payload_tail) REPLACE (
    CASE WHEN payload_tail IS NULL THEN payload
        ELSE concat(payload, CAST(request_id AS VARCHAR), payload_tail) END AS payload,
    -- Before there was a journal, and since, no position is less than the number of rows before it.
    coalesce(position, rowid) AS position
) FROM stored_events;
