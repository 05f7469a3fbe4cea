-- issues: a row for each that was opened
--
-- day | Date | the day it was opened on, in the query's time zone
-- opened | DateTime64(3, 'Etc/UTC') | when it was opened
-- issue_id | UInt64 | the issue
-- job_id | UInt64 | its job
-- task_id | Nullable(UInt64) | its task
-- project_id | Nullable(UInt64) | its project
-- org_id | Nullable(UInt64) | its organization
-- opened_by | Nullable(UInt64) | who opened it
-- assignee_id | UInt64 | whose the job was then; 0 for nobody's, or where no event tells
-- resolved | Nullable(DateTime64(3, 'Etc/UTC')) | when it was resolved: events do not say which one of a job's, so the first that was opened is taken to be resolved first
-- resolved_by | Nullable(UInt64) | who resolved it, by the same rule
-- deleted | Nullable(DateTime64(3, 'Etc/UTC')) | when it was deleted; such an issue takes part in no resolution
WITH
gone AS (
  SELECT toUInt64(ifNull(obj_id, 0)) AS issue, min(timestamp) AS time
  FROM events
  WHERE scope = 'delete:issue' AND obj_id IS NOT NULL
  GROUP BY issue
),
created AS (
  SELECT toUInt64(ifNull(obj_id, 0)) AS issue, min(timestamp) AS time, toUInt64(ifNull(any(job_id), 0)) AS of_job, any(task_id) AS task, any(project_id) AS project, any(org_id) AS org, any(user_id) AS opener
  FROM events
  WHERE scope = 'create:issue' AND obj_id IS NOT NULL
  GROUP BY issue
),
opened_ones AS (
  SELECT created.issue AS issue, created.time AS time, of_job, task, project, org, opener,
    toUInt8(ifNull(gone.issue, 0) != 0) AS is_gone, gone.time AS gone_at,
    row_number() OVER (PARTITION BY of_job, ifNull(gone.issue, 0) != 0 ORDER BY created.time, created.issue) AS place
  FROM created LEFT JOIN gone ON created.issue = gone.issue
),
-- Resolutions of a job in their order; one that was taken back is none.
resolutions AS (
  SELECT of_job, time, resolver, row_number() OVER (PARTITION BY of_job ORDER BY time, request) AS place
  FROM (
    SELECT of_job, time, resolver, request, value, leadInFrame(value, 1, '') OVER (PARTITION BY of_job ORDER BY time, request ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_value
    FROM (
      SELECT toUInt64(ifNull(job_id, 0)) AS of_job, timestamp AS time, user_id AS resolver, ifNull(JSONExtractString(payload, 'request', 'id'), '') AS request, lower(ifNull(obj_val, '')) AS value
      FROM events
      WHERE scope = 'update:issue' AND obj_name = 'resolved'
    )
  )
  WHERE value = 'true' AND next_value != 'false'
),
states AS (
  SELECT job_id AS of_job, toUnixTimestamp64Milli(at) AS since_ms, assignee_after AS assignee_then
  FROM job_transitions
  UNION ALL
  SELECT job_id, toInt64(0), assignee_before
  FROM job_transitions
  WHERE number = 1 AND change != 'created'
),
matched AS (
  SELECT opened_ones.issue AS issue, opened_ones.time AS time, opened_ones.of_job AS job, task, project, org, opener, is_gone, gone_at,
    resolutions.resolver AS resolver, resolutions.time AS resolved_at, toUInt8(is_gone = 0 AND ifNull(resolutions.place, 0) != 0) AS is_resolved,
    toUnixTimestamp64Milli(opened_ones.time) AS opened_ms
  FROM opened_ones LEFT JOIN resolutions ON opened_ones.of_job = resolutions.of_job AND opened_ones.place = resolutions.place
)
SELECT toDate(matched.time, timezone()) AS day, matched.time AS opened, issue AS issue_id, job AS job_id, task AS task_id, project AS project_id, org AS org_id, opener AS opened_by,
  ifNull(states.assignee_then, 0) AS assignee_id,
  if(is_resolved = 1, resolved_at, NULL) AS resolved, if(is_resolved = 1, resolver, NULL) AS resolved_by,
  if(is_gone = 1, gone_at, NULL) AS deleted
FROM matched ASOF LEFT JOIN states ON matched.job = states.of_job AND matched.opened_ms >= states.since_ms
