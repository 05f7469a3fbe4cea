-- decisions of reviews: a row for each change of a job that accepted or rejected it
--
-- day | Date | the day, in the query's time zone
-- at | DateTime64(3, 'Etc/UTC') | when
-- request_id | String | the request; empty for a change outside of one
-- job_id | UInt64 | the job
-- task_id | Nullable(UInt64) | its task
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- decision | String | accepted or rejected
-- decider_id | Nullable(UInt64) | who decided; NULL where it was done by the one who was assigned to annotate
-- assignee_id | UInt64 | whose the job was then; 0 for nobody's
-- annotator_id | UInt64 | who was assigned last while it was annotated, else whose it was; 0 where no event tells
-- round | UInt64 | the round that was decided, from 1
-- number | UInt64 | which decision of the job, from 1
-- is_done | UInt8 | 1 for the first that accepted the job
-- waiting_since | Nullable(DateTime64(3, 'Etc/UTC')) | when the job last came into validation or was completed before
-- wait_ms | Nullable(Int64) | how long it waited since, ms
-- type | String | annotation, ground_truth or consensus
-- frames | UInt64 | frames of the job; 0 where no event tells
WITH
followed AS (
  SELECT day AS on_day, at AS time, request_id AS request, job_id AS of_job, task_id AS task, project_id AS project, org_id AS org, decision AS verdict, actor_id AS actor,
    stage_before AS stage_old, assignee_before AS assignee_old, toUInt64(round - toUInt64(decision = 'rejected')) AS in_round, type AS job_type, frames AS job_frames, number AS place,
    anyLast(if(stage_after = 'annotation' AND assignee_after != 0, assignee_after, NULL)) OVER before AS annotator,
    anyLast(if(stage_after = 'validation' AND stage_before != 'validation' OR state_after = 'completed' AND state_before != 'completed', at, NULL)) OVER before AS since
  FROM job_transitions
  WINDOW before AS (PARTITION BY job_id ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT on_day AS day, time AS at, request AS request_id, of_job AS job_id, task AS task_id, project AS project_id, org AS org_id,
  verdict AS decision,
  if(stage_old = 'annotation' AND actor = assignee_old, NULL, actor) AS decider_id,
  assignee_old AS assignee_id, ifNull(annotator, assignee_old) AS annotator_id,
  in_round AS round,
  row_number() OVER in_order AS number,
  toUInt8(verdict = 'accepted' AND sum(toUInt64(verdict = 'accepted')) OVER in_order = 1) AS is_done,
  since AS waiting_since, toUnixTimestamp64Milli(time) - toUnixTimestamp64Milli(since) AS wait_ms,
  job_type AS type, job_frames AS frames
FROM followed
WHERE verdict != ''
WINDOW in_order AS (PARTITION BY of_job ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
