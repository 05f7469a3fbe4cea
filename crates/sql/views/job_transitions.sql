-- changes of jobs: a row for each job and request that created, changed or deleted it
--
-- day | Date | the day, in the query's time zone
-- at | DateTime64(3, 'Etc/UTC') | when
-- request_id | String | the request; empty for a change outside of one
-- job_id | UInt64 | the job
-- task_id | Nullable(UInt64) | its task
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- actor_id | Nullable(UInt64) | who did it
-- change | String | created, updated or deleted
-- stage_before | String | annotation, validation or acceptance; empty where no event tells
-- stage_after | String | the stage from then on
-- state_before | String | new, in progress, completed or rejected; empty where no event tells
-- state_after | String | the state from then on
-- assignee_before | UInt64 | whose it was; 0 for nobody's, or where no event tells
-- assignee_after | UInt64 | whose it is from then on
-- type | String | annotation, ground_truth or consensus
-- frames | UInt64 | frames of the job; 0 where no event tells
-- number | UInt64 | which change of the job, from 1
-- decision | String | accepted, rejected, or empty where nothing was decided
-- round | UInt64 | the round of work from then on: 1, and one more after each rejection
WITH
-- The rows of one request are one change.
changes AS (
  SELECT toUInt64(ifNull(job_id, 0)) AS of_job, if(asked_by = '', toString(timestamp), '') AS outside, asked_by AS request,
    min(timestamp) AS time, any(task_id) AS task, any(project_id) AS project, any(org_id) AS org, any(user_id) AS actor,
    max(if(scope = 'delete:job', 3, if(scope = 'create:job', 2, 1))) AS kind,
    countIf(is_of_stage) > 0 AS has_stage, argMaxIf(stage_in_row, timestamp, is_of_stage) AS new_stage, argMinIf(old_in_row, timestamp, scope = 'update:job' AND obj_name = 'stage') AS old_stage,
    countIf(is_of_state) > 0 AS has_state, argMaxIf(state_in_row, timestamp, is_of_state) AS new_state, argMinIf(old_in_row, timestamp, scope = 'update:job' AND obj_name = 'state') AS old_state,
    countIf(is_of_assignee) > 0 AS has_assignee, argMaxIf(assignee_in_row, timestamp, is_of_assignee) AS new_assignee, argMinIf(old_assignee_in_row, timestamp, scope = 'update:job' AND obj_name = 'assignee') AS old_assignee,
    maxIf(JSONExtractString(payload, 'type'), scope = 'create:job') AS created_type,
    maxIf(if(JSONHas(payload, 'frame_count'), JSONExtractUInt(payload, 'frame_count'), toUInt64(greatest(JSONExtractInt(payload, 'stop_frame') + 1 - JSONExtractInt(payload, 'start_frame'), 0))), scope = 'create:job') AS created_frames
  FROM (
    -- The request that the event itself names: its column has the delivery where it names none.
    SELECT scope, obj_name, timestamp, ifNull(JSONExtractString(payload, 'request', 'id'), '') AS asked_by, job_id, task_id, project_id, org_id, user_id, payload,
      scope = 'create:job' OR scope = 'update:job' AND obj_name = 'stage' AS is_of_stage,
      scope = 'create:job' OR scope = 'update:job' AND obj_name = 'state' AS is_of_state,
      scope = 'create:job' OR scope = 'update:job' AND obj_name = 'assignee' AS is_of_assignee,
      if(scope = 'create:job', JSONExtractString(payload, 'stage'), ifNull(obj_val, '')) AS stage_in_row,
      if(scope = 'create:job', JSONExtractString(payload, 'state'), ifNull(obj_val, '')) AS state_in_row,
      if(scope = 'create:job', JSONExtractUInt(payload, 'assignee', 'id'), ifNull(obj_id, 0)) AS assignee_in_row,
      JSONExtractString(payload, 'old_value') AS old_in_row, JSONExtractUInt(payload, 'old_value', 'id') AS old_assignee_in_row
    FROM events
    WHERE scope IN ('create:job', 'update:job', 'delete:job') AND job_id IS NOT NULL
  )
  GROUP BY of_job, outside, request
),
-- What a change leaves as it was comes from the change before it; before the first one that tells, from what the next one says it was.
carried AS (
  SELECT of_job, request, time, task, project, org, actor, kind, has_stage AS changes_stage, has_state OR has_stage AS changes_state, has_assignee AS changes_assignee,
    ifNull(anyLast(if(has_stage, new_stage, NULL)) OVER so_far, ifNull(any(if(has_stage, ifNull(old_stage, ''), NULL)) OVER later, '')) AS stage_now,
    -- A job that goes to another stage begins anew there.
    ifNull(anyLast(if(has_state, new_state, if(has_stage, 'new', NULL))) OVER so_far, ifNull(any(if(has_state, ifNull(old_state, ''), if(has_stage, '', NULL))) OVER later, '')) AS state_now,
    ifNull(anyLast(if(has_assignee, new_assignee, NULL)) OVER so_far, ifNull(any(if(has_assignee, ifNull(old_assignee, 0), NULL)) OVER later, 0)) AS assignee_now,
    ifNull(old_stage, '') AS stage_then, ifNull(old_state, '') AS state_then, ifNull(old_assignee, 0) AS assignee_then,
    ifNull(max(created_type) OVER so_far, '') AS known_type,
    ifNull(max(created_frames) OVER so_far, 0) AS known_frames,
    row_number() OVER so_far AS place
  FROM changes
  WINDOW so_far AS (PARTITION BY of_job ORDER BY time, request, outside ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    later AS (PARTITION BY of_job ORDER BY time, request, outside ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
compared AS (
  SELECT of_job, request, time, task, project, org, actor, kind, place, stage_now, state_now, assignee_now, known_type, known_frames,
    -- Of the first change, what its event says; what it does not change was so before it.
    if(place = 1, if(kind = 2, '', if(changes_stage, stage_then, stage_now)), lagInFrame(stage_now, 1, '') OVER in_order) AS stage_old,
    if(place = 1, if(kind = 2, '', if(changes_state, state_then, state_now)), lagInFrame(state_now, 1, '') OVER in_order) AS state_old,
    if(place = 1, if(kind = 2, 0, if(changes_assignee, assignee_then, assignee_now)), lagInFrame(assignee_now, 1, 0) OVER in_order) AS assignee_old
  FROM carried
  WINDOW in_order AS (PARTITION BY of_job ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
decided AS (
  SELECT of_job, request, time, task, project, org, actor, kind, place, stage_now, state_now, assignee_now, known_type, known_frames, stage_old, state_old, assignee_old,
    multiIf(
      kind != 1, '',
      state_now = 'rejected' AND state_old != 'rejected', 'rejected',
      -- A job that was rejected already goes back for the same reason.
      stage_now = 'annotation' AND stage_old IN ('validation', 'acceptance') AND state_old != 'rejected', 'rejected',
      stage_now = 'acceptance' AND stage_old != 'acceptance', 'accepted',
      state_now = 'completed' AND state_old != 'completed' AND stage_now IN ('validation', 'acceptance'), 'accepted',
      '') AS verdict
  FROM compared
)
SELECT toDate(time, timezone()) AS day, time AS at, request AS request_id, of_job AS job_id, task AS task_id, project AS project_id, org AS org_id, actor AS actor_id,
  multiIf(kind = 3, 'deleted', kind = 2, 'created', 'updated') AS change,
  stage_old AS stage_before, stage_now AS stage_after, state_old AS state_before, state_now AS state_after,
  assignee_old AS assignee_before, assignee_now AS assignee_after,
  if(known_type = '', 'annotation', known_type) AS type, known_frames AS frames, place AS number,
  verdict AS decision,
  1 + sum(toUInt64(verdict = 'rejected')) OVER (PARTITION BY of_job ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS round
FROM decided
