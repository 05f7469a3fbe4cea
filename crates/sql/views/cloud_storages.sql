-- cloud storages: a row for each whose attachment or removal an event tells of; a later name is not known, as an update names none
--
-- cloud_storage_id | UInt64 | the cloud storage
-- name | Nullable(String) | name when it was attached
-- provider | Nullable(String) | kind of storage, as its server calls it
-- org_id | Nullable(UInt64) | its organization
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when it was created; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; NULL for one that is there
SELECT id AS cloud_storage_id,
  nullIf(maxIf(value, field = 'name'), '') AS name,
  nullIf(maxIf(value, field = 'provider'), '') AS provider,
  toUInt64OrNull(maxIf(value, field = 'org_id')) AS org_id,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted
FROM catalogue
WHERE kind = 'cloud_storage'
GROUP BY id
