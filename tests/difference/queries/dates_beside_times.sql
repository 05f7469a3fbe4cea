-- midnights-of-zones: a Date beside a time is the midnight of its zone
SELECT toDate('2026-06-12') = toTimeZone(toDateTime64('2026-06-11 22:00:00', 3, 'UTC'), 'Europe/Berlin'), toDate32('2026-06-12') = toTimeZone(toDateTime64('2026-06-11 22:00:00', 3, 'UTC'), 'Europe/Berlin'), toTimeZone(toDateTime('2026-06-11 22:00:00', 'UTC'), 'Europe/Berlin') BETWEEN toDate('2026-06-12') AND toDate('2026-06-13');

-- order-of-dates-and-times: before and after midnight, and in sets
SELECT toDate('2000-01-01') < toDateTime('2000-01-01 00:00:01', 'Asia/Istanbul'), toDate('2026-06-12') > toDateTime('2026-06-11 23:00:00'), toDate('2026-06-12') IN (toDateTime('2026-06-12 00:00:00', 'Europe/Berlin'));

-- dates-that-become-times: in conditions, arrays and extremes
SELECT if(1, toDate('2026-06-12'), toTimeZone(toDateTime('2026-06-11 22:00:00', 'UTC'), 'Europe/Berlin')) AS a, greatest(toDate('2026-06-12'), toTimeZone(toDateTime('2026-06-11 23:00:00', 'UTC'), 'Europe/Berlin')) AS b, [toDate('2026-06-12'), toTimeZone(toDateTime('2026-06-11 22:00:00', 'UTC'), 'Europe/Berlin')] AS c, coalesce(toNullable(toDate('2026-06-12')), toTimeZone(toDateTime('2026-06-11 22:00:00', 'UTC'), 'Europe/Berlin')) AS d;

-- dates-and-times-in-unions: a branch of Dates beside one of times
SELECT toDate('2026-06-12') AS d UNION ALL SELECT toTimeZone(toDateTime('2026-06-11 22:00:00', 'UTC'), 'Europe/Berlin');

-- filters-by-dates: times of a zone compared with Dates
SELECT count() FROM events WHERE toTimeZone(timestamp, 'America/New_York') >= toDate('2026-06-12') AND toTimeZone(timestamp, 'Asia/Tokyo') < toDate('2026-06-15');

-- date32-beside-datetime: they are a time of a wider range
SELECT least(toDateTime('2026-06-01 10:00:00'), toDate32('2026-05-31')) AS a, greatest(toDateTime('2026-06-01 10:00:00'), toDate32('2026-05-31')) AS b, toTypeName(if(1 = 1, toDateTime('2026-06-01 10:00:00'), toDate32('2026-05-31'))) AS c, [toDate32('2026-05-31'), toDateTime('2026-06-01 10:00:00')] AS d;

-- date32-beside-zones: its midnight is not the time's zone's
SELECT toDate32('2027-01-01') <= toTimeZone(toDateTime('2026-12-31 23:59:59'), 'Europe/Berlin') AS a, toDate('2027-01-01') <= toTimeZone(toDateTime('2026-12-31 23:59:59'), 'Europe/Berlin') AS b, toTypeName(greatest(toDate32('2027-01-01'), toTimeZone(toDateTime('2026-12-31 23:59:59'), 'America/New_York'))) AS c, greatest(toDate32('2026-01-01'), toTimeZone(toDateTime('2026-12-31 23:59:59'), 'America/New_York')) AS d;

-- age-of-zones: hours between times of zones that begin them at other minutes
SELECT age('hour', toDate('2026-07-01'), toTimeZone(timestamp, 'Asia/Kolkata')) AS a, age('hour', toTimeZone(timestamp, 'America/New_York'), toDate('2026-07-01')) AS b, age('minute', toDate('2026-07-01'), toTimeZone(timestamp, 'Asia/Kolkata')) AS c, age('hour', toTimeZone(timestamp, 'Asia/Kolkata'), toTimeZone(toDateTime('2026-06-20 10:20:30'), 'Europe/Berlin')) AS d, count() AS n FROM events WHERE project_id = 3 GROUP BY a, b, c, d ORDER BY a, b, c, d;
