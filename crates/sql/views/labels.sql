-- labels: a row for each whose creation or deletion an event tells of; a later name is not known, as an update names no label
--
-- label_id | UInt64 | the label
-- name | Nullable(String) | name at its creation
-- color | Nullable(String) | colour at its creation
-- project_id | Nullable(UInt64) | its project
-- task_id | Nullable(UInt64) | its task, where it is of no project
-- org_id | Nullable(UInt64) | its organization
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when it was created; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; NULL for one that is there
SELECT id AS label_id,
  nullIf(maxIf(value, field = 'name'), '') AS name,
  nullIf(maxIf(value, field = 'color'), '') AS color,
  toUInt64OrNull(maxIf(value, field = 'project_id')) AS project_id,
  toUInt64OrNull(maxIf(value, field = 'task_id')) AS task_id,
  toUInt64OrNull(maxIf(value, field = 'org_id')) AS org_id,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted
FROM catalogue
WHERE kind = 'label'
GROUP BY id
