-- tasks: a row for each that an event names, with the latest name
--
-- task_id | UInt64 | the task
-- name | Nullable(String) | name; NULL where no event tells
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- owner_id | Nullable(UInt64) | whose it is
-- assignee_id | Nullable(UInt64) | to whom it is assigned
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when it was created; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; NULL for one that is there
-- last_seen | Nullable(DateTime64(3, 'Etc/UTC')) | time of the last event that names it
SELECT id AS task_id,
  nullIf(maxIf(value, field = 'name'), '') AS name,
  ifNull(toUInt64OrNull(maxIf(value, field = 'project_id')), toUInt64OrNull(maxIf(value, field = 'seen_project_id'))) AS project_id,
  ifNull(toUInt64OrNull(maxIf(value, field = 'org_id')), toUInt64OrNull(maxIf(value, field = 'seen_org_id'))) AS org_id,
  toUInt64OrNull(maxIf(value, field = 'owner_id')) AS owner_id,
  toUInt64OrNull(maxIf(value, field = 'assignee_id')) AS assignee_id,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted,
  maxIf(toNullable(timestamp), field = 'seen') AS last_seen
FROM catalogue
WHERE kind = 'task'
GROUP BY id
