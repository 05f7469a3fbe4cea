-- Of what a row of working time counted: its beginning, its end, and how much it is. A list has no
-- statistics, so without these a query for what was counted within a range of time reads every row.

ALTER TABLE events ADD COLUMN counted_from_ms BIGINT;
ALTER TABLE events ADD COLUMN counted_until_ms BIGINT;
ALTER TABLE events ADD COLUMN counted_total_ms BIGINT;

UPDATE events SET
    counted_from_ms = counted_ms[1],
    counted_until_ms = counted_ms[len(counted_ms)],
    counted_total_ms = list_sum(counted_ms[2:-:2]) - list_sum(counted_ms[1:-:2])
WHERE len(counted_ms) > 0;
