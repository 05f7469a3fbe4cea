-- working time: a row for each counted interval and day, and one for each row of working time that came without intervals
--
-- day | Date | the day, in the query's time zone; intervals are cut at its midnight
-- started | DateTime64(3, 'Etc/UTC') | when it began
-- ended | DateTime64(3, 'Etc/UTC') | when it ended
-- user_id | Nullable(UInt64) | who worked
-- project_id | Nullable(UInt64) | the project that was worked on
-- task_id | Nullable(UInt64) | the task
-- job_id | Nullable(UInt64) | the job
-- org_id | Nullable(UInt64) | the organization
-- stage | String | the job's stage then: annotation, validation or acceptance; empty where no event tells
-- role | String | annotation (in the first round), rework (in later ones) or review; empty where no event tells
-- ms | Int64 | how long, ms
-- has_intervals | UInt8 | 0 where it is known only how long, and not when: the row then lies at its event's time
WITH
days AS (
  SELECT user_id AS worker, project_id AS project, task_id AS task, job_id AS job, org_id AS org, ms AS counted, has_intervals AS known, started_ms AS begin_ms, ended_ms AS until_ms,
    toDate(started, timezone()) AS first_day, toDate(if(ended_ms > started_ms, fromUnixTimestamp64Milli(ended_ms - 1, 'Etc/UTC'), started), timezone()) AS last_day
  FROM intervals
  WHERE ended_ms >= {from_ms:Int64} AND started_ms < {until_ms:Int64}
),
pieces AS (
  SELECT worker, project, task, job, org, known, addDays(first_day, days_on) AS on_day,
    if(days_on = 0, begin_ms, toInt64(toUnixTimestamp(toDateTime(on_day, timezone()))) * 1000) AS from_ms,
    if(on_day = last_day, until_ms, toInt64(toUnixTimestamp(toDateTime(addDays(on_day, 1), timezone()))) * 1000) AS to_ms,
    if(first_day = last_day, counted, to_ms - from_ms) AS piece_ms
  FROM (
    SELECT worker, project, task, job, org, known, counted, begin_ms, until_ms, first_day, last_day, arrayJoin(range(0, toUInt32(dateDiff('day', first_day, last_day)) + 1)) AS days_on
    FROM days
  )
),
-- A job's states from each change to the next, or to the year 3000, and of one that nobody saw created also before the first change.
states AS (
  SELECT job_id AS of_job, if(of_first = 1, toInt64(0), at_ms) AS since_ms, if(of_first = 1, at_ms, next_ms) AS before_ms,
    if(of_first = 1, stage_before, stage_after) AS stage_then, if(of_first = 1, assignee_before, assignee_after) AS assignee_then, if(of_first = 1, toUInt64(1), round) AS round_then
  FROM (
    SELECT job_id, at_ms, next_ms, stage_before, stage_after, assignee_before, assignee_after, round, arrayJoin(if(number = 1 AND change != 'created', [0, 1], [0])) AS of_first
    FROM (
      SELECT job_id, toUnixTimestamp64Milli(at) AS at_ms, stage_before, stage_after, assignee_before, assignee_after, round, number, change,
        leadInFrame(toUnixTimestamp64Milli(at), 1, toInt64(32503680000000)) OVER (PARTITION BY job_id ORDER BY number ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_ms
      FROM job_transitions
    )
  )
),
placed AS (
  SELECT on_day, from_ms, to_ms, worker, project, task, job, org, piece_ms, known,
    ifNull(states.stage_then, '') AS in_stage, ifNull(states.assignee_then, 0) AS assignee, ifNull(states.round_then, 0) AS in_round
  -- Quicker than ASOF JOIN, which sorts both sides.
  FROM pieces LEFT JOIN states ON pieces.job = states.of_job AND pieces.from_ms >= states.since_ms AND pieces.from_ms < states.before_ms
)
SELECT on_day AS day, fromUnixTimestamp64Milli(from_ms, 'Etc/UTC') AS started, fromUnixTimestamp64Milli(to_ms, 'Etc/UTC') AS ended,
  worker AS user_id, project AS project_id, task AS task_id, job AS job_id, org AS org_id,
  in_stage AS stage,
  multiIf(
    in_stage IN ('validation', 'acceptance'), 'review',
    in_stage != 'annotation', '',
    -- Who decided a round was not annotating in it, unless the job was theirs.
    assignee != worker AND (job, worker, in_round) IN (SELECT job_id, decider_id, round FROM decisions WHERE decider_id IS NOT NULL), 'review',
    in_round = 1, 'annotation',
    'rework') AS role,
  piece_ms AS ms, known AS has_intervals
FROM placed
