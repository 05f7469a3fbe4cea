-- jobs: a row for each that an event names, as it is by the latest event
--
-- job_id | UInt64 | the job
-- task_id | Nullable(UInt64) | its task
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- type | Nullable(String) | annotation, ground_truth or consensus
-- frames | Nullable(UInt64) | how many frames it has
-- start_frame | Nullable(UInt64) | the first of them
-- stop_frame | Nullable(UInt64) | the last of them
-- stage | Nullable(String) | annotation, validation or acceptance
-- state | Nullable(String) | new, in progress, completed or rejected
-- assignee_id | Nullable(UInt64) | to whom it is assigned
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when it was created; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; NULL for one that is there
-- last_seen | Nullable(DateTime64(3, 'Etc/UTC')) | time of the last event that names it
SELECT id AS job_id,
  ifNull(toUInt64OrNull(maxIf(value, field = 'task_id')), toUInt64OrNull(maxIf(value, field = 'seen_task_id'))) AS task_id,
  ifNull(toUInt64OrNull(maxIf(value, field = 'project_id')), toUInt64OrNull(maxIf(value, field = 'seen_project_id'))) AS project_id,
  ifNull(toUInt64OrNull(maxIf(value, field = 'org_id')), toUInt64OrNull(maxIf(value, field = 'seen_org_id'))) AS org_id,
  nullIf(maxIf(value, field = 'type'), '') AS type,
  toUInt64OrNull(maxIf(value, field = 'frames')) AS frames,
  toUInt64OrNull(maxIf(value, field = 'start_frame')) AS start_frame,
  toUInt64OrNull(maxIf(value, field = 'stop_frame')) AS stop_frame,
  nullIf(maxIf(value, field = 'stage'), '') AS stage,
  nullIf(maxIf(value, field = 'state'), '') AS state,
  toUInt64OrNull(maxIf(value, field = 'assignee_id')) AS assignee_id,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted,
  maxIf(toNullable(timestamp), field = 'seen') AS last_seen
FROM catalogue
WHERE kind = 'job'
GROUP BY id
