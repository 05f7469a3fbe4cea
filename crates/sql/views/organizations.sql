-- organizations: a row for each that an event names, with the latest name
--
-- org_id | UInt64 | the organization
-- slug | Nullable(String) | short name
-- name | Nullable(String) | name; NULL where no event tells
-- owner_id | Nullable(UInt64) | whose it is
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when it was created; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; NULL for one that is there
-- last_seen | Nullable(DateTime64(3, 'Etc/UTC')) | time of the last event that names it
SELECT id AS org_id,
  nullIf(maxIf(value, field = 'slug'), '') AS slug,
  nullIf(maxIf(value, field = 'name'), '') AS name,
  toUInt64OrNull(maxIf(value, field = 'owner_id')) AS owner_id,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted,
  maxIf(toNullable(timestamp), field = 'seen') AS last_seen
FROM catalogue
WHERE kind = 'organization'
GROUP BY id
