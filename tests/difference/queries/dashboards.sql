-- all-events-activity: All events, "Overall Activity", everything chosen
SELECT toStartOfInterval(toDateTime(timestamp), INTERVAL 600 second) as time, count(*)
FROM events
WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783468800)
AND scope IN ('draw:object','change:frame','send:exception','load:cvat')
AND source IN ('client','server')
AND (-1 IN (-1) OR user_id IN (-1))
AND (-1 IN (-1) OR org_id IN (-1))
AND (-1 IN (-1) OR project_id IN (-1))
AND (-1 IN (-1) OR task_id IN (-1))
AND (-1 IN (-1) OR job_id IN (-1))
GROUP BY time ORDER BY time ASC;

-- all-events-activity-of-some: the same, with some users and projects chosen
SELECT toStartOfInterval(toDateTime(timestamp), INTERVAL 600 second) as time, count(*)
FROM events
WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783468800)
AND scope IN ('draw:object','change:frame')
AND source IN ('client')
AND (-1 IN ('5','7') OR user_id IN ('5','7'))
AND (-1 IN (-1) OR org_id IN (-1))
AND (-1 IN ('1') OR project_id IN ('1'))
AND (-1 IN (-1) OR task_id IN (-1))
AND (-1 IN (-1) OR job_id IN (-1))
GROUP BY time ORDER BY time ASC;

-- all-events-table: All events, "All events"; CVAT orders by the time alone, here ties are broken by the object
SELECT *
FROM events
WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783468800)
    AND scope IN ('draw:object','send:exception','load:cvat')
    AND source IN ('client')
    AND (-1 IN (-1) OR user_id IN (-1))
    AND (-1 IN ('1','2') OR org_id IN ('1','2'))
    AND (-1 IN (-1) OR project_id IN (-1))
    AND (-1 IN (-1) OR task_id IN (-1))
    AND (-1 IN (-1) OR job_id IN (-1))
    AND obj_id IS NOT NULL
ORDER BY timestamp DESC, obj_id
LIMIT 1000;

-- browsers: All events, "Browser"; ties are broken by the name
SELECT
    browser,
    count()
FROM
(
    SELECT
        concat(JSON_VALUE(payload, '$.platform.name'), ' ', JSON_VALUE(payload, '$.platform.version')) AS browser,
        user_id
    FROM cvat.events
    WHERE  timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1785542400) AND (scope = 'load:cvat') AND (browser != ' ')
    GROUP BY
        user_id,
        browser
)
GROUP BY browser
ORDER BY count() DESC, browser;

-- operating-systems: All events, "OS"; ties are broken by the name
SELECT
    os,
    count()
FROM
(
    SELECT
        JSON_VALUE(payload, '$.platform.os') AS os,
        user_id
    FROM cvat.events
    WHERE  timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1785542400) AND (scope = 'load:cvat') AND (os != '')
    GROUP BY
        user_id,
        os
)
GROUP BY os
ORDER BY count() DESC, os;

-- user-activity: Management, "User Activity": one series a user, whose name is the text of an id
SELECT toStartOfInterval(toDateTime(timestamp), INTERVAL 3600 second) as time, toString(user_id), count() as User
FROM events
WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783468800)
GROUP BY time, user_id
ORDER BY time ASC, user_id ASC;

-- overall-activity: Management, "Overall Activity", with an alias without AS
SELECT toStartOfInterval(toDateTime(timestamp), INTERVAL 3600 second) as time,  count(*) Count FROM events WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783468800) GROUP BY time ORDER BY time ASC;

-- working-time: Management, "Working time": the table of hours
SELECT
  user_id as User,
  project_id as Project,
  task_id as Task,
  job_id as Job, sum(JSONExtractUInt(payload, 'working_time')) / 1000 / 3600 as "Working time(h)",
  count() as Activity
FROM events
WHERE JSONHas(payload, 'working_time')
  AND timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
  AND user_id IN ('1','2','3','4','5','6','7')
  AND (-1 IN (-1) OR project_id IN (-1))
  AND task_id IN ('10','11','12','20','21')
  AND job_id IN ('100','101','110','120','200','210')
  AND source = 'client'
GROUP BY user_id, project_id, task_id, job_id;

-- active-users-now: Monitoring, "Active users (now)"
SELECT
    uniqExact(user_id) as "Active users (now)"
FROM
    cvat.events
WHERE
    user_id IS NOT NULL AND
    timestamp >= now() - INTERVAL 15 MINUTE;

-- durations: Monitoring, "Duration of events"
SELECT
  scope as Scope,
  source as Source,
  avg(duration) as "Average duration (ms)",
  min(duration) as "Min duration (ms)",
  max(duration) as "Max duration (ms)"
FROM events
WHERE duration > 0
  AND timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
GROUP BY scope, source;

-- numbers-of-events: Monitoring, "Number of events"
SELECT
  scope as Scope,
  source as Source,
  count() as Count
FROM events
WHERE timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
GROUP BY scope, source;

-- exceptions: Monitoring, "Exceptions"
SELECT
  toStartOfInterval(toDateTime(timestamp), INTERVAL 21600 second) as time,
  count(*)
FROM events
WHERE
  timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
  AND ( scope = 'send:exception' )
  AND ( timestamp  >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000) )
  AND source IN ('client','server')
  AND (-1 IN (-1) OR user_id IN (-1))
  AND (-1 IN (-1) OR org_id IN (-1))
  AND (-1 IN (-1) OR project_id IN (-1))
  AND (-1 IN (-1) OR task_id IN (-1))
  AND (-1 IN (-1) OR job_id IN (-1))
GROUP BY time
ORDER BY time;

-- exceptions-table: Monitoring, "Exceptions table", with two errors chosen
SELECT
  timestamp,
  user_id,
  user_name,
  source,
  project_id,
  task_id,
  job_id,
  JSONExtractString(payload, 'message') as error,
  JSONExtractString(payload, 'stack') as stack,
  payload
FROM events
WHERE
  ( timestamp  >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000) )
  AND scope = 'send:exception'
  AND source IN ('client','server')
  AND (-1 IN (-1) OR user_id IN (-1))
  AND (-1 IN (-1) OR org_id IN (-1))
  AND (-1 IN (-1) OR project_id IN (-1))
  AND (-1 IN (-1) OR task_id IN (-1))
  AND (-1 IN (-1) OR job_id IN (-1))
  AND ('-1' IN ('Network Error','🦆 quack') OR error IN ('Network Error','🦆 quack'))
  AND obj_id IS NOT NULL
ORDER BY timestamp DESC, obj_id
LIMIT 1000;

-- choices-of-scopes: the variable `scopes`
SELECT DISTINCT scope
FROM events
WHERE timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000);

-- choices-of-users: Management's variable `users`, in which NULL is a choice
SELECT DISTINCT user_id
FROM events
WHERE timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
  AND source = 'client';

-- choices-of-jobs: Management's variable `jobs`, with a lower-case `in`
SELECT DISTINCT job_id
FROM events
WHERE timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
  AND job_id IS NOT NULL
  AND source = 'client'
  AND task_id in ('10','20','31');

-- choices-of-errors: Monitoring's variable `errors`
SELECT
  DISTINCT JSONExtractString(payload, 'message')
  FROM cvat.events
WHERE timestamp >= toDateTime(1780272000) AND timestamp <= toDateTime(1788048000)
  AND JSONHas(payload, 'message')
  AND scope='send:exception';
