-- counted intervals: a row for each stretch of working time, uncut, and one for each row of working time that came without intervals
--
-- timestamp | DateTime64(3, 'Etc/UTC') | time of the event that has it
-- started | DateTime64(3, 'Etc/UTC') | when it began
-- ended | DateTime64(3, 'Etc/UTC') | when it ended
-- user_id | Nullable(UInt64) | who worked
-- project_id | Nullable(UInt64) | the project that was worked on
-- task_id | Nullable(UInt64) | the task
-- job_id | Nullable(UInt64) | the job
-- org_id | Nullable(UInt64) | the organization
-- started_ms | Int64 | when it began, ms since the epoch
-- ended_ms | Int64 | when it ended, ms since the epoch
-- ms | Int64 | how long, ms
-- has_intervals | UInt8 | 0 where it is known only how long, and not when: the row then lies at its event's time
SELECT timestamp,
  fromUnixTimestamp64Milli(begin_ms, 'Etc/UTC') AS started, fromUnixTimestamp64Milli(until_ms, 'Etc/UTC') AS ended,
  user_id, project_id, task_id, job_id, org_id,
  begin_ms AS started_ms, until_ms AS ended_ms, counted AS ms, known AS has_intervals
FROM (
  -- Nearly all rows have one interval, which is read without its list.
  SELECT timestamp, user_id, project_id, task_id, job_id, org_id,
    toInt64(assumeNotNull(counted_from_ms)) AS begin_ms, toInt64(assumeNotNull(counted_until_ms)) AS until_ms, until_ms - begin_ms AS counted, toUInt8(1) AS known
  FROM events
  WHERE scope = 'send:working_time' AND source = 'server' AND counted_total_ms = counted_until_ms - counted_from_ms
    AND JSONHas(payload, 'working_time') AND JSONExtractUInt(payload, 'working_time') <= 4294967295
    AND counted_until_ms >= {from_ms:Int64} AND counted_from_ms < {until_ms:Int64}
  UNION ALL
  SELECT timestamp, user_id, project_id, task_id, job_id, org_id,
    counted_ms[i] AS begin_ms, counted_ms[i + 1] AS until_ms, until_ms - begin_ms AS counted, toUInt8(1) AS known
  FROM (
    SELECT timestamp, user_id, project_id, task_id, job_id, org_id, counted_ms, arrayJoin(range(1, length(counted_ms), 2)) AS i
    FROM (
      SELECT timestamp, user_id, project_id, task_id, job_id, org_id, counted_ms
      FROM events
      WHERE scope = 'send:working_time' AND source = 'server' AND counted_total_ms != counted_until_ms - counted_from_ms
        AND JSONHas(payload, 'working_time') AND JSONExtractUInt(payload, 'working_time') <= 4294967295
        AND counted_until_ms >= {from_ms:Int64} AND counted_from_ms < {until_ms:Int64}
    )
  )
  UNION ALL
  SELECT timestamp, user_id, project_id, task_id, job_id, org_id,
    toUnixTimestamp64Milli(timestamp), toUnixTimestamp64Milli(timestamp), toInt64(ifNull(JSONExtractUInt(payload, 'working_time'), 0)), toUInt8(0)
  FROM events
  WHERE scope = 'send:working_time' AND source = 'server' AND counted_from_ms IS NULL
    AND JSONHas(payload, 'working_time') AND JSONExtractUInt(payload, 'working_time') <= 4294967295
    AND timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'Etc/UTC') AND timestamp < fromUnixTimestamp64Milli({until_ms:Int64}, 'Etc/UTC')
)
