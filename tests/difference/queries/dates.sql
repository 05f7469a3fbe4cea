-- parts-of-a-time: every part of a time has a function
SELECT toYear(t) AS y, toQuarter(t) AS q, toMonth(t) AS m, toDayOfMonth(t) AS d, toDayOfYear(t) AS doy, toDayOfWeek(t) AS dow,
       toHour(t) AS h, toMinute(t) AS mi, toSecond(t) AS s, toMillisecond(t) AS ms, toISOWeek(t) AS w, toISOYear(t) AS iy, toYYYYMM(t) AS ym, toYYYYMMDD(t) AS ymd
FROM (SELECT DISTINCT timestamp AS t FROM events WHERE scope = 'restore:job') ORDER BY t;

-- week-starts: Sunday by default, Monday with mode 1, and toMonday always
SELECT DISTINCT toDate(timestamp) AS day, toStartOfWeek(timestamp) AS sunday, toStartOfWeek(timestamp, 1) AS monday, toMonday(timestamp) AS m, toDayOfWeek(timestamp) AS dow
FROM events WHERE project_id = 5 ORDER BY day LIMIT 20;

-- days-of-week-modes: four ways to number the days
SELECT DISTINCT toDayOfWeek(timestamp) AS iso, toDayOfWeek(timestamp, 1) AS m1, toDayOfWeek(timestamp, 2) AS m2, toDayOfWeek(timestamp, 3) AS m3 FROM events ORDER BY iso;

-- week-numbers: by default a year's first week starts on its first Sunday
SELECT DISTINCT toDate(timestamp) AS day, toWeek(timestamp) AS w, toWeek(timestamp, 1) AS w1, toWeek(timestamp, 3) AS iso FROM events WHERE toDayOfWeek(timestamp) IN (1, 7) ORDER BY day;

-- starts: starts of minute to hour are DateTime, of week to year are Date
SELECT toStartOfSecond(timestamp) AS s, toStartOfMinute(timestamp) AS mi, toStartOfFiveMinutes(timestamp) AS five, toStartOfTenMinutes(timestamp) AS ten,
       toStartOfFifteenMinutes(timestamp) AS fifteen, toStartOfHour(timestamp) AS h, toStartOfDay(timestamp) AS d, toStartOfMonth(timestamp) AS mo, toStartOfQuarter(timestamp) AS q, toStartOfYear(timestamp) AS y
FROM events WHERE scope = 'restore:job' ORDER BY timestamp LIMIT 10;

-- date-trunc: DATE_TRUNC answers a time or a date by its unit
SELECT date_trunc('hour', timestamp) AS h, date_trunc('day', timestamp) AS d, date_trunc('week', timestamp) AS w, date_trunc('month', timestamp) AS m,
       dateTrunc('quarter', timestamp) AS q, dateTrunc('year', timestamp) AS y, dateTrunc('minute', timestamp) AS mi
FROM events WHERE scope = 'restore:job' ORDER BY timestamp LIMIT 7;

-- date-trunc-of-date: truncating a date stays a date
SELECT DISTINCT date_trunc('month', toDate(timestamp)) AS m, date_trunc('week', toDate(timestamp)) AS w FROM events WHERE project_id = 900 ORDER BY w;

-- differences: dateDiff counts the borders between two times
SELECT dateDiff('second', a, b) AS s, dateDiff('minute', a, b) AS mi, dateDiff('hour', a, b) AS h, dateDiff('day', a, b) AS d, dateDiff('week', a, b) AS w, dateDiff('month', a, b) AS mo, dateDiff('quarter', a, b) AS q, dateDiff('year', a, b) AS y
FROM (SELECT toDateTime('2025-12-31 23:59:30') AS a, timestamp AS b FROM events WHERE project_id = 900) ORDER BY s;

-- weeks-between: the border of a week is Monday, for either sign
SELECT toDate('2026-06-07') + number AS day, dateDiff('week', toDate('2026-06-10'), day) AS weeks FROM numbers(15) ORDER BY day;

-- ages: age() counts whole units only
SELECT age('day', a, b) AS d, age('hour', a, b) AS h, age('month', a, b) AS m, age('second', a, b) AS s
FROM (SELECT toDateTime('2026-06-15 12:00:00') AS a, toDateTime(timestamp) AS b FROM events WHERE scope = 'restore:job') ORDER BY s;

-- calendar-arithmetic: adding days to months, which keeps a date a date
SELECT addSeconds(t, 90) AS s, addMinutes(t, 90) AS mi, addHours(t, -3) AS h, addDays(t, 30) AS d, addWeeks(t, 1) AS w, addMonths(t, 1) AS m, addYears(t, 1) AS y,
       subtractSeconds(t, 1) AS s1, subtractMinutes(t, 1) AS mi1, subtractHours(t, 1) AS h1, subtractDays(t, 1) AS d1, subtractWeeks(t, 1) AS w1, subtractMonths(t, 1) AS m1, subtractYears(t, 1) AS y1
FROM (SELECT timestamp AS t FROM events WHERE scope = 'restore:job') ORDER BY t LIMIT 5;

-- dates-plus: the same of a Date; hours make it a DateTime
SELECT addDays(d, 3) AS a, addWeeks(d, 1) AS b, addMonths(d, 1) AS c, addYears(d, 1) AS e, addHours(d, 5) AS f, subtractDays(d, 3) AS g FROM (SELECT toDate('2026-01-31') AS d);

-- intervals: + INTERVAL on times and on dates
SELECT t + INTERVAL 1 DAY AS a, t - INTERVAL 90 SECOND AS b, d + INTERVAL 1 MONTH AS c, d - INTERVAL 2 WEEK AS e, d + INTERVAL 1 YEAR AS f, t + INTERVAL 1 QUARTER AS g, d + INTERVAL 3 HOUR AS h
FROM (SELECT toDateTime('2026-08-31 10:11:12') AS t, toDate('2026-08-31') AS d);

-- interval-functions: toIntervalDay(n) is INTERVAL n DAY
SELECT toDate('2026-02-27') + toIntervalDay(2) AS d, toDateTime('2026-02-27 00:00:00') + toIntervalHour(49) AS h, toDate('2026-02-27') + toIntervalMonth(12) AS m,
       toDate('2026-02-27') + toIntervalWeek(1) AS w, toDateTime('2026-02-27 00:00:00') - toIntervalMinute(1) AS mi, toDateTime('2026-02-27 00:00:00') - toIntervalSecond(1) AS s, toDate('2026-02-27') + toIntervalQuarter(1) AS q, toDate('2026-02-27') - toIntervalYear(1) AS y;

-- interval-text: INTERVAL '2 day' means INTERVAL 2 DAY
SELECT count() FROM events WHERE timestamp >= toDateTime('2026-08-30 00:00:00') - INTERVAL '2 day' AND timestamp < toDateTime('2026-08-30 00:00:00');

-- times-plus-numbers: a number added to a time is seconds, to a date is days
SELECT toDateTime('2026-06-01 00:00:00') + 3600 AS hour, toDate('2026-06-01') + 31 AS month, toDateTime('2026-06-01 00:00:00') - 1 AS second, toDate('2026-06-01') - 1 AS day;

-- bare-numbers-are-seconds: a timestamp compared with unix seconds
SELECT count() FROM events WHERE timestamp >= 1780358400 AND timestamp < 1780444800;

-- compared-with-text: a timestamp compared with its text, with and without a fraction, and with a day
SELECT countIf(timestamp >= '2026-07-01 00:00:00') AS a, countIf(timestamp > '2026-07-01 12:34:56.789') AS b, countIf(toDate(timestamp) = '2026-07-01') AS c FROM events;

-- the-whole-second: DateTime64 against DateTime compares the milliseconds, too
SELECT countIf(timestamp <= toDateTime('2026-03-28 20:00:00')) AS before, countIf(toDateTime(timestamp) <= toDateTime('2026-03-28 20:00:00')) AS cut FROM events;

-- span-of-work: a difference of times is in seconds, of dates in days
SELECT user_id, max(toDate(timestamp)) - min(toDate(timestamp)) AS days, max(toDateTime(timestamp)) - min(toDateTime(timestamp)) AS seconds FROM events WHERE project_id = 1 GROUP BY user_id ORDER BY user_id;

-- milliseconds-between: the difference of DateTime64 is a decimal
SELECT max(timestamp) - min(timestamp) AS span FROM events WHERE scope = 'draw:object';

-- unix-times: to unix seconds and milliseconds, and back
SELECT toUnixTimestamp(timestamp) AS s, toUnixTimestamp64Milli(timestamp) AS ms, fromUnixTimestamp(toUnixTimestamp(timestamp)) AS back, fromUnixTimestamp64Milli(toUnixTimestamp64Milli(timestamp)) AS back_ms
FROM events WHERE scope = 'restore:job' ORDER BY ms LIMIT 10;

-- times-from-numbers: dates and times from seconds and from days
SELECT toDateTime(1780272000) AS a, toDate(20605) AS b, toDateTime64(1780272000.5, 3) AS c, toDate(1780272000) AS d, toDateTime64(1780272000, 3) AS e;

-- times-from-text: dates and times from text
SELECT toDateTime('2026-06-01 01:02:03') AS a, toDate('2026-06-01') AS b, toDateTime64('2026-06-01 01:02:03.456', 3) AS c, toDate('2026-06-01 01:02:03') AS d,
       parseDateTimeBestEffort('2026-06-01T01:02:03Z') AS e, toDateOrNull('no date') AS f, toDateTimeOrNull('no time') AS g;

-- best-effort: the forms in which people write times
SELECT parseDateTimeBestEffort('2026-06-01') AS a, parseDateTimeBestEffort('2026-06-01 10:20') AS b, parseDateTimeBestEffort('2026-06-01T10:20:30+02:00') AS c, parseDateTimeBestEffort('1780272000') AS d;

-- formats: formatDateTime's letters
SELECT formatDateTime(timestamp, '%Y-%m-%d %H:%i:%S') AS a, formatDateTime(timestamp, '%d.%m.%y') AS b, formatDateTime(timestamp, '%a %W %b %M') AS c, formatDateTime(timestamp, '%I:%i %p') AS d,
       formatDateTime(timestamp, '%F %T') AS e, formatDateTime(timestamp, '%R') AS f, formatDateTime(timestamp, '%j %e') AS g, formatDateTime(timestamp, '%G-W%V %u %w') AS h, formatDateTime(timestamp, '%D') AS i,
       formatDateTime(timestamp, 'Q%Q %C 100%%') AS j, formatDateTime(timestamp, '%s|%h|%c') AS k
FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id LIMIT 20;

-- months-by-name: a format as the key of a group
SELECT formatDateTime(timestamp, '%Y-%m') AS month, count() AS n FROM events GROUP BY month ORDER BY month;

-- days-with-events: dates as keys, and the number of distinct days
SELECT uniqExact(toDate(timestamp)) AS days, min(toDate(timestamp)) AS first, max(toDate(timestamp)) AS last FROM events;

-- hours-of-the-day: a profile of the day
SELECT toHour(timestamp) AS hour, count() AS n, bar(n, 0, 3000, 20) AS bar FROM events GROUP BY hour ORDER BY hour;

-- last-days: the last day of each month
SELECT DISTINCT toLastDayOfMonth(timestamp) AS last FROM events ORDER BY last;

-- today-is-a-date: now, today and yesterday hang together
SELECT toTypeName(now()) AS a, toTypeName(today()) AS b, today() - yesterday() AS c, toDate(now()) - today() AS d, now() - toIntervalDay(1) < now() AS e, toTypeName(now64()) AS f, dateDiff('day', today(), now() + INTERVAL 1 DAY) AS g;

-- literals-of-dates: DATE and TIMESTAMP before a text
SELECT DATE '2026-06-01' AS d, TIMESTAMP '2026-06-01 10:00:00' AS t, toTypeName(DATE '2026-06-01') AS dt;

-- names-of-units: dateName and monthName
SELECT DISTINCT dateName('month', timestamp) AS month, monthName(timestamp) AS name, toMonth(timestamp) AS m FROM events ORDER BY m;

-- extract-parts: EXTRACT(part FROM time)
SELECT EXTRACT(YEAR FROM timestamp) AS y, EXTRACT(MONTH FROM timestamp) AS m, EXTRACT(DAY FROM timestamp) AS d, EXTRACT(HOUR FROM timestamp) AS h FROM events WHERE project_id = 900 ORDER BY timestamp LIMIT 3;

-- between-days: BETWEEN includes both ends
SELECT count() FROM events WHERE toDate(timestamp) BETWEEN '2026-07-01' AND '2026-07-07' AND toHour(timestamp) NOT BETWEEN 8 AND 17;

-- first-week: there is no Monday before the first day
SELECT toMonday(toDate('1970-01-02')) AS a, toMonday(toDate('1970-01-05')) AS b, toMonday(CAST(NULL AS Nullable(Date))) AS c;

-- first-weeks: no Date is before 1970
SELECT toStartOfWeek(fromUnixTimestamp(86400)) AS a, toStartOfWeek(fromUnixTimestamp(86400), 1) AS b, toStartOfWeek(toDate('1970-01-03')) AS c, toStartOfWeek(toDate('1970-01-04')) AS d, toStartOfWeek(toDate('1970-01-05'), 1) AS e, toMonday(toDate('1970-01-06')) AS f;

-- dates-or-null: a time behind the date is no harm, anything else is
SELECT arrayMap(t -> toDateOrNull(t), ['2026-07-01 12:34:56', '2026-07-01 12:34:56.789', '2026/07/01 12:34:56', '2026-07-01T12:34:56', '2026-7-1', '2026-07-01x', '2026-07-01 12:34', '2026-07-01 ', '2026-7-1 12:00:00', '20260701', 'x', '']) AS dates;

-- units-as-words: units without quotes, as SQL of other kinds has them
SELECT date_diff(minute, toDateTime('2026-06-12 00:00:00'), toDateTime('2026-06-12 01:00:00')), dateDiff(month, toDate('2026-01-01'), toDate('2026-06-12')), TIMESTAMPDIFF(MINUTE, toDateTime('2026-06-12 00:00:00'), toDateTime('2026-06-12 01:00:00')), timestamp_diff(HOUR, toDateTime('2026-06-12 00:00:00'), toDateTime('2026-06-12 01:00:00')), DATEDIFF(DAY, toDate('2026-06-11'), toDate('2026-06-12')), DATE_DIFF('day', toDate('2026-06-11'), toDate('2026-06-12'));

-- moved-by-units: dateAdd with a unit, a number and a time
SELECT dateAdd(DAY, 1, toDate('2026-06-12')), date_add(MONTH, 1, toDate('2026-06-12')), DATE_ADD(DAY, 1, toDate('2026-06-12')), dateSub(DAY, 1, toDate('2026-06-12')), DATE_SUB(HOUR, 1, toDateTime('2026-06-12 00:00:00')), TIMESTAMPADD(HOUR, 1, toDateTime('2026-06-12 00:00:00')), TIMESTAMP_ADD(DAY, 1, toDate('2026-06-12')), TIMESTAMPSUB(DAY, 1, toDate('2026-06-12')), timestamp_sub(toDate('2026-06-12'), INTERVAL 1 DAY);

-- moved-by-intervals: dateSub and its other names
SELECT dateAdd(toDate('2026-06-12'), INTERVAL 1 DAY), dateSub(toDate('2026-06-12'), INTERVAL 1 DAY), date_sub(toDate('2026-06-12'), INTERVAL 1 DAY), timestampadd(toDate('2026-06-12'), INTERVAL 1 DAY);

-- spellings-of-units: short and long ones
SELECT dateDiff(days, toDate('2026-06-11'), toDate('2026-06-12')), dateDiff('days', toDate('2026-06-11'), toDate('2026-06-12')), dateDiff('hh', toDate('2026-06-11'), toDate('2026-06-12')), date_diff(SQL_TSI_HOUR, toDateTime('2026-06-12 00:00:00'), toDateTime('2026-06-12 01:00:00')), date_diff(wk, toDateTime('2026-06-12 00:00:00'), toDateTime('2026-06-12 01:00:00')), date_diff(millisecond, toDateTime64('2026-06-12 00:00:00',3), toDateTime64('2026-06-12 01:00:00',3));

-- minutes-of-scopes: a unit as a word over the events
SELECT scope, date_diff(minute, min(timestamp), max(timestamp)) AS m FROM events GROUP BY scope ORDER BY m, scope LIMIT 5;

-- all-letters-of-formats: each letter of formatDateTime
SELECT formatDateTime(t,'%a|%b|%c|%C|%d|%D|%e|%f|%F|%g|%G|%h|%H|%i|%I|%j|%k|%l|%m|%M|%n|%p|%Q|%r|%R|%s|%S|%t|%T|%u|%V|%w|%W|%y|%Y|%z|%%') AS f FROM (SELECT toDateTime64('2010-01-04 02:34:56.123', 3) AS t);

-- all-letters-in-a-zone: the same in a time zone
SELECT formatDateTime(t,'%a|%b|%c|%C|%d|%D|%e|%f|%F|%g|%G|%h|%H|%i|%I|%j|%k|%l|%m|%M|%n|%p|%Q|%r|%R|%s|%S|%t|%T|%u|%V|%w|%W|%y|%Y|%z|%%') AS f FROM (SELECT toDateTime('2010-11-14 14:34:56', 'Europe/Berlin') AS t);

-- fractions-in-formats: %f has six digits
SELECT formatDateTime(toDateTime64('2010-01-04 02:34:56.123456', 6), '%f'), formatDateTime(toDateTime64('2010-01-04 02:34:56.1', 1), '%f'), formatDateTime(toDate('2010-01-04'), '%f %T'), formatDateTime(toDateTime64('2010-01-04 02:34:56', 0), '%f'), date_format(toDateTime('2010-01-04 02:34:56'), '%Y-%m-%d'), DATE_FORMAT(toDateTime('2010-01-04 02:34:56'), '%H:%i');

-- offsets-in-formats: %z is how far the clock is ahead
SELECT formatDateTime(toDateTime('2010-01-04 02:34:56', 'America/New_York'), '%z %F'), formatDateTime(toDateTime('2010-01-04 02:34:56'), '%z', 'Asia/Kolkata');

-- floats-of-times: days of a Date, seconds of a time
SELECT toFloat64(toDate('2026-02-28')) AS a, CAST(toDate('2026-02-28') AS Float64) AS b, toDateTime('2026-02-28 01:02:03')::Float64 AS c, toDateTime64('2026-02-28 01:02:03.456', 3)::Float64 AS d, toFloat32(toDate('2026-02-28')) AS e, toDate32('2026-02-28')::Float64 AS f;

-- days-around-the-end: a Date goes around at its ends, and moves by whole days
SELECT toDate('2026-02-28') - toDate('2027-01-01')::Float64 AS a, toDate('2026-02-28') - 7.9 AS b, toDate('2026-02-28') - 30000 AS c, toDate('2027-02-28') - toDate('2026-01-01')::Float64 AS d;
