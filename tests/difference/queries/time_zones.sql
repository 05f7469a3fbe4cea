-- berlin-days: a day in Berlin is not a day in UTC
SELECT toDate(timestamp, 'Europe/Berlin') AS day, count() AS n FROM events GROUP BY day ORDER BY day;

-- berlin-hours: hours by the clock on the wall
SELECT toHour(timestamp, 'Europe/Berlin') AS hour, count() AS n FROM events GROUP BY hour ORDER BY hour;

-- spring-forward: the night in which Berlin has no hour from two to three
SELECT toHour(timestamp) AS utc, toHour(timestamp, 'Europe/Berlin') AS berlin, count() AS n FROM events WHERE project_id = 900 AND toMonth(timestamp) = 3 GROUP BY utc, berlin ORDER BY utc, berlin;

-- fall-back: the night in which Berlin has that hour twice
SELECT toHour(timestamp) AS utc, toHour(timestamp, 'Europe/Berlin') AS berlin, count() AS n FROM events WHERE project_id = 900 AND toMonth(timestamp) = 10 GROUP BY utc, berlin ORDER BY utc, berlin;

-- local-text: a time printed for Berlin
SELECT toTimeZone(timestamp, 'Europe/Berlin') AS local, toString(toTimeZone(timestamp, 'Europe/Berlin')) AS text FROM events WHERE project_id = 900 ORDER BY timestamp;

-- local-starts: starts of days, weeks and months in New York
SELECT toStartOfDay(timestamp, 'America/New_York') AS d, toMonday(timestamp, 'America/New_York') AS w, toStartOfMonth(timestamp, 'America/New_York') AS m, toStartOfHour(timestamp, 'America/New_York') AS h
FROM events WHERE project_id = 900 ORDER BY timestamp;

-- half-hour-zone: Kolkata's hours begin at half past
SELECT toStartOfHour(timestamp, 'Asia/Kolkata') AS h, count() AS n FROM events WHERE toDate(timestamp) = '2026-07-01' GROUP BY h ORDER BY h;

-- local-buckets: buckets of days and of six hours in Berlin, over the change of clocks
SELECT toStartOfInterval(timestamp, INTERVAL 1 DAY, 'Europe/Berlin') AS d, toStartOfInterval(timestamp, INTERVAL 6 HOUR, 'Europe/Berlin') AS h, count() AS n FROM events WHERE project_id = 900 GROUP BY d, h ORDER BY d, h;

-- local-midnight: a text is read in the zone that is given
SELECT toDateTime('2026-07-01 00:00:00', 'Europe/Berlin') AS midnight, toUnixTimestamp(toDateTime('2026-07-01 00:00:00', 'Europe/Berlin')) AS unix, count() AS n FROM events WHERE timestamp >= toDateTime('2026-07-01 00:00:00', 'Europe/Berlin');

-- local-format: formatDateTime with a zone
SELECT formatDateTime(timestamp, '%F %T', 'Asia/Tokyo') AS tokyo, formatDateTime(timestamp, '%H:%i', 'Europe/Berlin') AS berlin FROM events WHERE project_id = 900 ORDER BY timestamp;

-- local-parts: more parts with a zone
SELECT toYear(timestamp, 'Pacific/Auckland') AS y, toMonth(timestamp, 'Pacific/Auckland') AS m, toDayOfMonth(timestamp, 'Pacific/Auckland') AS d, toDayOfWeek(timestamp, 0, 'Pacific/Auckland') AS w, toMinute(timestamp, 'Asia/Kolkata') AS mi
FROM events WHERE project_id = 900 ORDER BY timestamp;

-- type-carries-the-zone: the zone is part of the type
SELECT toTypeName(timestamp) AS a, toTypeName(toTimeZone(timestamp, 'Europe/Berlin')) AS b, toTypeName(toStartOfHour(timestamp)) AS c, toTypeName(toDateTime(timestamp)) AS d FROM events LIMIT 1;

-- truncated-locally: date_trunc with a zone
SELECT DISTINCT date_trunc('day', timestamp, 'Europe/Berlin') AS d FROM events WHERE project_id = 900 ORDER BY d;

-- days-between-locally: dateDiff with a zone
SELECT dateDiff('day', toDateTime('2026-03-28 12:00:00', 'UTC'), timestamp, 'Europe/Berlin') AS d, count() AS n FROM events WHERE project_id = 900 GROUP BY d ORDER BY d;

-- a-day-later-in-berlin: adding a day keeps the clock on the wall, adding 24 hours does not
SELECT addDays(toTimeZone(timestamp, 'Europe/Berlin'), 1) AS day, addHours(toTimeZone(timestamp, 'Europe/Berlin'), 24) AS hours FROM events WHERE project_id = 900 ORDER BY timestamp;


-- seconds-between-zones: of a time of one zone and a date of another, also by minutes and hours
SELECT dateDiff('second', toTimeZone(timestamp, 'Europe/Berlin'), toDate('2026-07-01')) AS a, dateDiff('minute', toTimeZone(timestamp, 'Europe/Berlin'), toDate('2026-07-01')) AS b, dateDiff('hour', toDate('2026-07-01'), toTimeZone(timestamp, 'Asia/Kolkata')) AS c, dateDiff('second', toTimeZone(timestamp, 'Asia/Kolkata'), toTimeZone(timestamp + INTERVAL 90 SECOND, 'Europe/Berlin')) AS d, age('second', toTimeZone(timestamp, 'Europe/Berlin'), toDate('2026-07-01')) AS e FROM events WHERE project_id = 900 ORDER BY a, b, c;

-- hours-between-zones: hours of each zone begin where its clock in 1970 said so, minutes everywhere together
SELECT dateDiff('hour', toTimeZone(timestamp, 'Europe/Berlin'), toTimeZone(timestamp + INTERVAL 50 MINUTE, 'UTC')) AS a, dateDiff('hour', toTimeZone(timestamp, 'Asia/Kathmandu'), toTimeZone(timestamp + INTERVAL 50 MINUTE, 'America/New_York')) AS b, dateDiff('hour', toTimeZone(timestamp, 'Asia/Kolkata'), timestamp + INTERVAL 50 MINUTE) AS c, dateDiff('minute', toTimeZone(timestamp, 'Asia/Kolkata'), toTimeZone(timestamp + INTERVAL 50 SECOND, 'Australia/Lord_Howe')) AS d, dateDiff('hour', timestamp, timestamp + INTERVAL 50 MINUTE, 'Asia/Kolkata') AS e, count() AS n FROM events WHERE project_id = 3 GROUP BY ALL ORDER BY ALL;

-- days-of-no-dates: NULL stays NULL in the zone of the session
SELECT toStartOfDay(toStartOfWeek(toDateTimeOrNull(''))), toStartOfDay(x) FROM (SELECT nullIf(today(), today()) AS x) SETTINGS session_timezone = 'Asia/Kolkata';

-- age-of-two-zones: the calendar of each one's own zone, in the order of the instants
SELECT unit, age('day', x, y) AS d, age('month', x, y) AS m, age('year', x, y) AS j, age('quarter', x, y) AS q, age('day', y, x) AS d2, age('month', y, x) AS m2, age('quarter', y, x) AS q2, age('year', y, x) AS j2 FROM (SELECT number AS unit, toTimeZone(toDateTime('2026-06-30 18:00:00', 'UTC') + toIntervalHour(number * 7 - 20), 'Asia/Kolkata') AS x, toDate('2026-07-01') AS y FROM numbers(12));

-- age-of-two-zones-of-times: the same between two times
SELECT number, age('day', x, y) AS d, age('month', x, y) AS m, age('year', x, y) AS j, age('quarter', x, y) AS q FROM (SELECT number, toTimeZone(toDateTime('2026-01-01 01:00:00', 'UTC') + toIntervalHour(number * 53), 'America/New_York') AS x, toTimeZone(toDateTime('2026-12-31 20:30:00', 'UTC') - toIntervalHour(number * 97), 'Asia/Tokyo') AS y FROM numbers(120));

-- minutes-between-dates: a date begins in the session's zone
SELECT date_diff('minute', toDate('2026-02-28'), toDate('2026-07-01')) AS m, date_diff('hour', toDate('2026-02-28'), toDate('2026-07-01')) AS h, age('hour', toDate('2026-02-28'), toDate('2026-07-01')) AS a, date_diff('day', toDate('2026-02-28'), toDate('2026-07-01')) AS d SETTINGS session_timezone = 'America/New_York';
