-- timesheet: hours by person and week, names instead of ids
SELECT ifNull(user_name, concat('user ', toString(user_id))) AS who, toMonday(timestamp) AS week, round(sum(duration) / 3600000, 2) AS hours FROM events WHERE scope = 'send:working_time' GROUP BY who, week ORDER BY who, week;

-- speed: objects drawn for each hour of activity
SELECT user_id, countIf(scope = 'draw:object') AS objects, uniqExact(toStartOfHour(timestamp)) AS hours, round(objects / hours, 3) AS speed FROM events GROUP BY user_id ORDER BY speed DESC, user_id;

-- idle-people: people without an event in the last week of the data
SELECT DISTINCT user_id FROM events WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT user_id FROM events WHERE timestamp >= '2026-08-29 20:00:00') ORDER BY user_id;

-- first-and-last-hour: when people begin and end their day
SELECT user_id, toDate(timestamp) AS day, min(toHour(timestamp)) AS begin, max(toHour(timestamp)) AS end, dateDiff('minute', min(timestamp), max(timestamp)) AS minutes FROM events WHERE day BETWEEN '2026-07-06' AND '2026-07-12' GROUP BY user_id, day ORDER BY user_id, day;

-- error-trail: what a user did before an error
SELECT scope, count() AS n FROM (SELECT scope, leadInFrame(scope) OVER (PARTITION BY job_id ORDER BY timestamp, obj_id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next FROM events WHERE job_id IS NOT NULL AND obj_id IS NOT NULL) WHERE next = 'send:exception' GROUP BY scope ORDER BY n DESC, scope;

-- weekdays-and-weekends: the share of work on weekends
SELECT project_id, countIf(toDayOfWeek(timestamp) >= 6) / count() AS weekend FROM events GROUP BY project_id ORDER BY project_id;

-- requests: which request ids occur more than once
SELECT JSONExtractString(payload, 'request', 'id') AS request, count() AS n FROM events WHERE request != '' GROUP BY request HAVING n > 1 ORDER BY request;

-- table-of-months: a pivot of months by organization
SELECT ifNull(org_slug, '(none)') AS organization, sumIf(1, toMonth(timestamp) = 6) AS june, sumIf(1, toMonth(timestamp) = 7) AS july, sumIf(1, toMonth(timestamp) = 8) AS august FROM events GROUP BY organization ORDER BY organization;

-- cumulative-hours: hours that add up, for each project
SELECT project_id, week, sum(hours) OVER (PARTITION BY project_id ORDER BY week) AS total FROM (SELECT project_id, toMonday(timestamp) AS week, sum(duration) / 3600000 AS hours FROM events WHERE scope = 'change:frame' GROUP BY project_id, week) ORDER BY project_id, week;
