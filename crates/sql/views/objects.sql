-- changes of objects: a row for each request, job and person that created, changed or deleted tags, shapes or tracks
--
-- day | Date | the day, in the query's time zone
-- at | DateTime64(3, 'Etc/UTC') | when
-- request_id | String | the request; empty for changes outside of one
-- user_id | Nullable(UInt64) | who did it
-- project_id | Nullable(UInt64) | the project
-- task_id | Nullable(UInt64) | the task
-- job_id | Nullable(UInt64) | the job
-- org_id | Nullable(UInt64) | the organization
-- origin | String | import, batch (a model over many frames) or hand
-- created | Int64 | objects that were created
-- updated | Int64 | objects that were changed
-- deleted | Int64 | objects that were deleted
-- net | Int64 | created less deleted: a replacement of all annotations deletes and creates
SELECT toDate(time, timezone()) AS day, time AS at, request AS request_id, user AS user_id, project AS project_id, task AS task_id, job AS job_id, org AS org_id,
  multiIf(
    request != '' AND request IN (SELECT ifNull(JSONExtractString(payload, 'request', 'id'), '') FROM events WHERE scope = 'import:dataset' AND timestamp >= fromUnixTimestamp64Milli({wide_from_ms:Int64}, 'Etc/UTC') AND timestamp < fromUnixTimestamp64Milli({wide_until_ms:Int64}, 'Etc/UTC')), 'import',
    request != '' AND request IN (SELECT ifNull(JSONExtractString(payload, 'request', 'id'), '') FROM events WHERE scope = 'call:function' AND timestamp >= fromUnixTimestamp64Milli({wide_from_ms:Int64}, 'Etc/UTC') AND timestamp < fromUnixTimestamp64Milli({wide_until_ms:Int64}, 'Etc/UTC') AND JSONExtractString(payload, 'category') = 'batch'), 'batch',
    'hand') AS origin,
  n_created AS created, n_updated AS updated, n_deleted AS deleted, n_created - n_deleted AS net
FROM (
  SELECT ifNull(JSONExtractString(payload, 'request', 'id'), '') AS request, if(request = '', toString(timestamp), '') AS outside, user_id AS user, project_id AS project, task_id AS task, job_id AS job, org_id AS org,
    min(timestamp) AS time,
    sum(if(scope LIKE 'create:%', toInt64(ifNull(count, 0)), 0)) AS n_created,
    sum(if(scope LIKE 'update:%', toInt64(ifNull(count, 0)), 0)) AS n_updated,
    sum(if(scope LIKE 'delete:%', toInt64(ifNull(count, 0)), 0)) AS n_deleted
  FROM events
  WHERE timestamp >= fromUnixTimestamp64Milli({wide_from_ms:Int64}, 'Etc/UTC') AND timestamp < fromUnixTimestamp64Milli({wide_until_ms:Int64}, 'Etc/UTC')
    AND scope IN ('create:tags', 'create:shapes', 'create:tracks', 'update:tags', 'update:shapes', 'update:tracks', 'delete:tags', 'delete:shapes', 'delete:tracks')
  GROUP BY request, outside, user, project, task, job, org
)
