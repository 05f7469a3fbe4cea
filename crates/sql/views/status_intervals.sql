-- lives of jobs: a row for each stretch of a job in which its assignee, stage, state and the one who worked on it stayed the same
--
-- job_id | UInt64 | the job
-- number | UInt64 | which stretch of the job, from 1
-- started | DateTime64(3, 'Etc/UTC') | when it began
-- ended | Nullable(DateTime64(3, 'Etc/UTC')) | when the next one began, or the job was deleted; NULL for the last one
-- task_id | Nullable(UInt64) | its task
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- assignee_id | UInt64 | whose the job was; 0 for nobody's, or where no event tells
-- stage | String | annotation, validation or acceptance; empty where no event tells
-- state | String | new, in progress, completed or rejected; empty where no event tells
-- user_id | Nullable(UInt64) | who worked on it or changed its objects; NULL for nobody
-- ms | Int64 | working time that began in it, ms
-- created | Int64 | objects that were created
-- updated | Int64 | objects that were changed
-- deleted | Int64 | objects that were deleted
-- net | Int64 | created less deleted
-- frames | UInt64 | frames of the job; 0 where no event tells
-- type | String | annotation, ground_truth or consensus
WITH
-- What happens to a job, by kind: 0 it is changed, 1 somebody works on it, 2 it is deleted, 3 it was there before the first change that anybody saw.
items AS (
  SELECT job_id AS of_job, toUnixTimestamp64Milli(at) AS time_ms, toUInt8(if(change = 'deleted', 2, 0)) AS kind, number AS place, task_id AS task, project_id AS project, org_id AS org, toUInt64(0) AS worker,
    assignee_after AS assignee, stage_after AS in_stage, state_after AS in_state, frames AS n_frames, type AS job_type,
    toInt64(0) AS worked, toInt64(0) AS n_created, toInt64(0) AS n_updated, toInt64(0) AS n_deleted
  FROM job_transitions
  WHERE change != 'updated' OR assignee_before != assignee_after OR stage_before != stage_after OR state_before != state_after
  UNION ALL
  SELECT job_id, toInt64(0), toUInt8(3), toUInt64(0), task_id, project_id, org_id, toUInt64(0), assignee_before, stage_before, state_before, frames, type, toInt64(0), toInt64(0), toInt64(0), toInt64(0)
  FROM job_transitions
  WHERE number = 1 AND change != 'created'
  UNION ALL
  SELECT toUInt64(ifNull(job_id, 0)), started_ms, toUInt8(1), toUInt64(0), task_id, project_id, org_id, toUInt64(ifNull(user_id, 0)), toUInt64(0), '', '', toUInt64(0), '', ms, toInt64(0), toInt64(0), toInt64(0)
  FROM intervals
  WHERE job_id IS NOT NULL
  UNION ALL
  SELECT toUInt64(ifNull(job_id, 0)), toUnixTimestamp64Milli(at), toUInt8(1), toUInt64(0), task_id, project_id, org_id, toUInt64(ifNull(user_id, 0)), toUInt64(0), '', '', toUInt64(0), '', toInt64(0), created, updated, deleted
  FROM objects
  WHERE job_id IS NOT NULL
),
stated AS (
  SELECT of_job, time_ms, kind, place, task, project, org, worker, n_frames, job_type, worked, n_created, n_updated, n_deleted,
    row_number() OVER in_order AS item,
    sum(toUInt64(kind != 1)) OVER in_order AS state_number,
    ifNull(anyLast(if(kind != 1, assignee, NULL)) OVER in_order, 0) AS assignee_now,
    ifNull(anyLast(if(kind != 1, in_stage, NULL)) OVER in_order, '') AS stage_now,
    ifNull(anyLast(if(kind != 1, in_state, NULL)) OVER in_order, '') AS state_now
  FROM items
  -- Who works in the moment of a change works after it. What else is equal is put in any order that does not change.
  WINDOW in_order AS (PARTITION BY of_job ORDER BY time_ms, kind = 1, place, worker, worked, n_created, n_updated, n_deleted ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
followed AS (
  SELECT of_job, time_ms, kind, task, project, org, worker, n_frames, job_type, worked, n_created, n_updated, n_deleted, item, assignee_now, stage_now, state_now,
    -- Whoever works first in a state has it from its beginning.
    toUInt64(kind != 1 OR worker != ifNull(anyLast(if(kind = 1, worker, NULL)) OVER before, if(state_number = 0 AND item = 1, worker + 1, worker))) AS is_cut
  FROM stated
  WINDOW before AS (PARTITION BY of_job, state_number ORDER BY item ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
numbered AS (
  SELECT of_job, time_ms, kind, worker, worked, n_created, n_updated, n_deleted, assignee_now, stage_now, state_now,
    sum(is_cut) OVER (PARTITION BY of_job ORDER BY item ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stretch,
    anyLast(task) OVER whole AS task_now, anyLast(project) OVER whole AS project_now, anyLast(org) OVER whole AS org_now,
    max(n_frames) OVER (PARTITION BY of_job) AS job_frames, max(job_type) OVER (PARTITION BY of_job) AS type_of_job
  FROM followed
  WINDOW whole AS (PARTITION BY of_job ORDER BY item ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
stretches AS (
  SELECT of_job, stretch, minIf(time_ms, kind != 3) AS from_ms, countIf(kind IN (0, 1)) AS n_items,
    any(task_now) AS of_task, any(project_now) AS of_project, any(org_now) AS of_org, any(assignee_now) AS whose, any(stage_now) AS at_stage, any(state_now) AS at_state,
    max(if(kind = 1 AND worker != 0, worker, NULL)) AS acting,
    sum(worked) AS sum_worked, sum(n_created) AS sum_created, sum(n_updated) AS sum_updated, sum(n_deleted) AS sum_deleted, any(job_frames) AS all_frames, any(type_of_job) AS of_type
  FROM numbered
  GROUP BY of_job, stretch
),
ended_ones AS (
  SELECT of_job, stretch, from_ms, n_items, of_task, of_project, of_org, whose, at_stage, at_state, acting, sum_worked, sum_created, sum_updated, sum_deleted, all_frames, of_type,
    leadInFrame(from_ms, 1, toInt64(-1)) OVER (PARTITION BY of_job ORDER BY stretch ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS until_ms
  FROM stretches
)
SELECT of_job AS job_id, row_number() OVER (PARTITION BY of_job ORDER BY stretch) AS number,
  fromUnixTimestamp64Milli(from_ms, 'Etc/UTC') AS started, if(until_ms < 0, NULL, fromUnixTimestamp64Milli(until_ms, 'Etc/UTC')) AS ended,
  of_task AS task_id, of_project AS project_id, of_org AS org_id, whose AS assignee_id, at_stage AS stage, at_state AS state, acting AS user_id,
  sum_worked AS ms, sum_created AS created, sum_updated AS updated, sum_deleted AS deleted, sum_created - sum_deleted AS net,
  all_frames AS frames, if(of_type = '', 'annotation', of_type) AS type
FROM ended_ones
WHERE n_items > 0
