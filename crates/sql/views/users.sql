-- people: a row for each user whom an event names, with the latest name
--
-- user_id | UInt64 | the user
-- name | Nullable(String) | login name
-- email | Nullable(String) | e-mail address
-- created | Nullable(DateTime64(3, 'Etc/UTC')) | when the account was made; NULL where no event tells
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when the account was removed; NULL for one that is there
-- last_seen | Nullable(DateTime64(3, 'Etc/UTC')) | time of the last event of the user
SELECT id AS user_id,
  nullIf(maxIf(value, field = 'name'), '') AS name,
  nullIf(maxIf(value, field = 'email'), '') AS email,
  maxIf(toNullable(timestamp), field = 'created') AS created,
  if(maxIf(toNullable(timestamp), field = 'deleted') >= ifNull(maxIf(toNullable(timestamp), field = 'created'), maxIf(toNullable(timestamp), field = 'deleted')), maxIf(toNullable(timestamp), field = 'deleted'), NULL) AS deleted,
  maxIf(toNullable(timestamp), field = 'seen') AS last_seen
FROM catalogue
WHERE kind = 'user'
GROUP BY id
