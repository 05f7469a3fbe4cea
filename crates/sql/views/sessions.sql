-- sessions: a row for each run of a person's counted intervals with no break of 100 s or more between them
--
-- day | Date | the day it began on, in the query's time zone
-- started | DateTime64(3, 'Etc/UTC') | when it began
-- ended | DateTime64(3, 'Etc/UTC') | when it ended
-- user_id | UInt64 | who worked
-- ms | Int64 | what was counted, ms: in two browsers at once it counts twice
-- presence_ms | Int64 | what was counted, each moment once, ms
-- intervals | UInt64 | how many counted intervals
-- jobs | UInt64 | in how many jobs
WITH
merged AS (
  SELECT ifNull(user_id, 0) AS worker, job_id AS job, started_ms AS begin_ms, ended_ms AS until_ms, ms AS counted,
    max(ended_ms) OVER (PARTITION BY ifNull(user_id, 0) ORDER BY started_ms, ended_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ms
  FROM intervals
  WHERE has_intervals = 1 AND user_id IS NOT NULL AND ended_ms >= {wide_from_ms:Int64} AND started_ms < {wide_until_ms:Int64}
),
numbered AS (
  SELECT worker, job, begin_ms, until_ms, counted, greatest(until_ms - greatest(begin_ms, before_ms), 0) AS present,
    -- As the rule that counts time: a gap of 100 s is a break.
    sum(toUInt64(begin_ms - before_ms >= 100000)) OVER (PARTITION BY worker ORDER BY begin_ms, until_ms ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session
  FROM merged
)
SELECT toDate(started, timezone()) AS day, fromUnixTimestamp64Milli(min(begin_ms), 'Etc/UTC') AS started, fromUnixTimestamp64Milli(max(until_ms), 'Etc/UTC') AS ended,
  worker AS user_id, sum(counted) AS ms, sum(present) AS presence_ms, count() AS intervals, uniqExact(job) AS jobs
FROM numbered
GROUP BY worker, session
