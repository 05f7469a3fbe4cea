-- quarter-hours: buckets of fifteen minutes
SELECT toStartOfInterval(timestamp, INTERVAL 15 minute) AS time, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-01' GROUP BY time ORDER BY time;

-- odd-seconds: a bucket of 77 seconds counts from 1970
SELECT toStartOfInterval(timestamp, INTERVAL 77 SECOND) AS time, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-01' GROUP BY time ORDER BY time LIMIT 50;

-- six-hours: buckets of hours
SELECT toStartOfInterval(timestamp, INTERVAL 6 HOUR) AS time, sum(duration) AS d FROM events WHERE project_id = 3 GROUP BY time ORDER BY time LIMIT 100;

-- five-hours: hours that do not divide the day
SELECT toStartOfInterval(timestamp, INTERVAL 5 HOUR) AS time, count() AS n FROM events WHERE project_id = 3 GROUP BY time ORDER BY time LIMIT 100;

-- days: a bucket of a day is a DateTime
SELECT toStartOfInterval(timestamp, INTERVAL 1 DAY) AS day, uniqExact(user_id) AS people FROM events GROUP BY day ORDER BY day;

-- seven-days-are-no-week: INTERVAL 7 DAY counts from a Thursday, INTERVAL 1 WEEK from a Monday
SELECT DISTINCT toStartOfInterval(timestamp, INTERVAL 7 DAY) AS seven, toStartOfInterval(timestamp, INTERVAL 1 WEEK) AS week FROM events ORDER BY seven, week;

-- months: a bucket of months, quarters or years is a Date
SELECT DISTINCT toStartOfInterval(timestamp, INTERVAL 1 MONTH) AS m, toStartOfInterval(timestamp, INTERVAL 2 MONTH) AS m2, toStartOfInterval(timestamp, INTERVAL 1 QUARTER) AS q, toStartOfInterval(timestamp, INTERVAL 1 YEAR) AS y
FROM events ORDER BY m;

-- two-weeks: buckets of two weeks
SELECT toStartOfInterval(timestamp, INTERVAL 2 WEEK) AS w, count() AS n FROM events GROUP BY w ORDER BY w;

-- milliseconds: buckets finer than a second are DateTime64
SELECT toStartOfInterval(timestamp, INTERVAL 250 millisecond) AS t, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-01' GROUP BY t ORDER BY t LIMIT 40;

-- interval-by-function: the width as toIntervalHour(n)
SELECT toStartOfInterval(timestamp, toIntervalHour(3)) AS t, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-02' GROUP BY t ORDER BY t;

-- bucket-of-a-date: buckets of dates
SELECT toStartOfInterval(toDate(timestamp), INTERVAL 10 DAY) AS d, count() AS n FROM events GROUP BY d ORDER BY d;

-- week-by-week: toStartOfWeek as the key of a group
SELECT toStartOfWeek(timestamp) AS week, count() AS n FROM events GROUP BY week ORDER BY week;

-- monday-by-monday: toMonday, and a count of people
SELECT toMonday(timestamp) AS week, user_id, count() AS n FROM events WHERE user_id < 4 GROUP BY week, user_id ORDER BY week, user_id;

-- heat-map: weekday by hour
SELECT toDayOfWeek(timestamp) AS weekday, toHour(timestamp) AS hour, count() AS n FROM events GROUP BY weekday, hour ORDER BY weekday, hour;

-- grafana-bucket: what $__timeInterval becomes
SELECT toStartOfInterval(toDateTime(timestamp), INTERVAL 3600 second) AS time, count() FROM events WHERE timestamp >= toDateTime(1782864000) AND timestamp <= toDateTime(1783036800) GROUP BY time ORDER BY time;

-- integer-buckets: buckets by hand
SELECT intDiv(toUnixTimestamp(timestamp), 86400) * 86400 AS day, count() AS n FROM events GROUP BY day ORDER BY day LIMIT 30;

-- truncated-date32: they stay Date32, and become times of a wider range by day
SELECT dateTrunc('year', toDate32('2026-07-05')) AS a, dateTrunc('quarter', toDate32('2026-07-05'), 'Asia/Kolkata') AS b, dateTrunc('week', toDate32(timestamp)) AS c, date_trunc('day', toDate32('2026-07-05')) AS d, dateTrunc('day', toDate32('2026-07-05'), 'Asia/Kolkata') AS e, count() AS n FROM events GROUP BY c ORDER BY c;

-- first-midnight: before 1970 there is none, and each function takes another instant for it
SELECT toStartOfDay(toDate('1970-01-01'), 'Europe/Berlin') AS a, toStartOfDay(toDate('1970-01-02'), 'Europe/Berlin') AS b, toStartOfDay(toDate('1970-01-01'), 'America/New_York') AS c, toStartOfDay(toDate('2026-06-20'), 'Europe/Berlin') AS d, toTimeZone(parseDateTimeBestEffortOrNull(NULL), 'Europe/Berlin') AS e, dateTrunc('day', toDate('1970-01-01'), 'Europe/Berlin') AS f, toStartOfInterval(toDate('1970-01-01'), INTERVAL 1 DAY, 'Europe/Berlin') AS g, toStartOfInterval(toDate('1970-01-05'), INTERVAL 3 DAY, 'Europe/Berlin') AS h, toStartOfDay(toDate('1970-01-01'), 'UTC') AS i;

-- first-week-of-1970: begins with 1970
SELECT date_trunc('week', FROM_UNIXTIME(86400), 'Asia/Kolkata'), date_trunc('week', FROM_UNIXTIME(86400)), toStartOfInterval(FROM_UNIXTIME(86400), INTERVAL 2 WEEK), toStartOfInterval(FROM_UNIXTIME(864000), INTERVAL 1 WEEK);

-- first-hours-of-1970: east of Greenwich their day, and some of their hours, begin before 1970
SELECT toStartOfDay(toDateTime(n), 'Asia/Kolkata') AS a, toStartOfHour(toDateTime(n), 'Asia/Kolkata') AS b, toStartOfInterval(toDateTime(n), INTERVAL 1 DAY, 'Asia/Tokyo') AS c, toStartOfInterval(toDateTime(n), INTERVAL 3 DAY, 'Asia/Kolkata') AS d, toStartOfInterval(toDateTime(n), INTERVAL 2 HOUR, 'Asia/Tokyo') AS e, toStartOfInterval(toDateTime(n), INTERVAL 20 MINUTE, 'Asia/Kathmandu') AS f, date_trunc('day', toDateTime(n), 'Asia/Tokyo') AS g, toStartOfDay(toDateTime(n), 'America/New_York') AS h, toStartOfDay(toDateTime(n)) AS i FROM (SELECT arrayJoin([0, 600, 3600, 40000, 60000, 66600, 100000, 1782864000]) AS n) ORDER BY n;

-- first-hours-of-1970-with-fractions: those that are no DateTime end at 1970
SELECT toStartOfDay(toDateTime64(n, 3), 'Asia/Kolkata') AS a, toStartOfHour(toDateTime64(n, 3), 'Asia/Kolkata') AS b, toStartOfInterval(toDateTime64(n, 3), INTERVAL 1 DAY, 'Asia/Tokyo') AS c, toStartOfInterval(toDateTime64(n, 3), INTERVAL 3 DAY, 'Asia/Kolkata') AS d, toStartOfInterval(toDateTime64(n, 3), INTERVAL 2 HOUR, 'Asia/Tokyo') AS e, toStartOfFifteenMinutes(toDateTime64(n, 3), 'Asia/Kathmandu') AS f FROM (SELECT arrayJoin([0.5, 600.5, 40000.25, 66600, 100000]) AS n) ORDER BY n;

-- minutes-in-zones-of-half-hours: counted from 1970 in UTC, not on the zone's clock
SELECT toStartOfInterval(toDateTime(n), INTERVAL 20 MINUTE, 'Asia/Kolkata') AS a, toStartOfInterval(toDateTime64(n, 3), INTERVAL 40 MINUTE, 'Asia/Kathmandu') AS b, toStartOfInterval(toDateTime(n), INTERVAL 7 SECOND, 'Asia/Kolkata') AS c, toStartOfTenMinutes(toDateTime(n), 'Asia/Kathmandu') AS d, toStartOfInterval(toDateTime(n), INTERVAL 90 MINUTE, 'Asia/Tokyo') AS e, toStartOfFifteenMinutes(toDateTime(n), 'Asia/Kathmandu') AS f, toStartOfFiveMinutes(toDateTime(n, 'Asia/Kolkata')) AS g, toStartOfMinute(toDateTime(n), 'Asia/Kathmandu') AS h FROM (SELECT arrayJoin([600, 1500, 90000, 600000, 1782864000, 1782864600, 1782865800]) AS n) ORDER BY n;

-- minutes-of-a-zone-by-minutes: as keys of groups
SELECT toStartOfInterval(timestamp, INTERVAL 50 MINUTE, 'Asia/Kolkata') AS t, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-02' GROUP BY t ORDER BY t;
