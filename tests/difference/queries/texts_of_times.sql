-- offsets: texts with an offset from UTC, with Z, or with neither
SELECT toDateTime('2026-06-12T10:11:12Z') a, toDateTime('2026-06-12 10:11:12Z') b, toDateTime('2026-06-12 10:11:12+02') c, toDateTime('2026-06-12 10:11:12 +02:00') d, toDateTime('2026-06-12 10:11:12+0200') e, toDateTime('2026-06-12 10:11:12.5') f, toDateTime('2026-06-12 10:11:12.5+02:00') g, toDateTime('2026-06-12T10:11:12+02:00', 'Europe/Berlin') h;

-- forms-of-texts: dates alone, hours alone, other separators, none, and what is beyond a DateTime
SELECT toDateTime('2026-06-12') a, toDateTime('2026-06-12 10') b, toDateTime('2026-06-12 10:11') c, toDateTime('2026-6-1 1:2:3') d, toDateTime('2026/06/12 10:11:12') e, toDateTime('20260612101112') f, toDateTime('20260612') g, toDateTime(' 2026-06-12 10:11:12') h, toDateTime('2026-06-12 10:11:12 ') i, toDateTime('2026-06-12 25:11:12') j, toDateTime('1960-06-12 01:11:12') k, toDateTime('2200-06-12 01:11:12') l;

-- offsets-with-fractions: the same with fractions of a second, and unix seconds
SELECT toDateTime64('2026-06-12T10:11:12Z', 3) a, toDateTime64('2026-06-12 10:11:12+02', 3) b, toDateTime64('2026-06-12 10:11:12.123456789', 3) c, toDateTime64('1781200000', 3) d, toDateTime64('1781200000.5', 3) e, toDateTime64('2026-06-12 10:11:12.1+0530', 3) f, toDateTime64('2026-06-12 10:11', 3) g;

-- cut-fractions: digits beyond the precision are cut off
SELECT toDateTime64('1950-06-12 10:11:12', 3), toDateTime64('2250-06-12 10:11:12', 3), toDateTime64('2026-06-12 10:11:12.1239', 2), toDateTime64('2026-06-12 10:11:12.9', 0);

-- texts-of-dates: dates with other separators, too long months, and beyond a Date
SELECT toDate('20260612'), toDate('2026/06/12'), toDate('2026-6-1'), toDate('1960-01-01'), toDate('2200-01-01'), toDate('2026-02-30'), toDate32('1960-01-01');

-- casts-of-texts: CAST reads texts as toDateTime does
SELECT CAST('2026-06-12T10:11:12+02:00' AS DateTime) a, CAST('2026-06-12T10:11:12+02:00', 'DateTime64(3, \'UTC\')') b, CAST('2026-06-12 10:11:12', 'DateTime(\'Europe/Berlin\')') d, CAST('2026-06-12', 'Date') e;

-- texts-of-rows: texts that are no literals, in all forms
SELECT toDateTime(x) FROM (SELECT arrayJoin(['2026-06-12T10:11:12Z', '2026-06-12 10:11:12-03:30', '12/06/2026 10:11:12', '1781200000', '2026-06-12', '12 Jun 2026 10:11:12', 'Jun 12, 2026', '2026-06-12 11:01:01 pm', '2026-06-12 12:01:01 am']) AS x) ORDER BY 1;

-- best-effort-or-null: what is no time is NULL
SELECT parseDateTimeBestEffortOrNull(x) AS t, x FROM (SELECT arrayJoin(['2026-06-12T10:11:12Z', 'x', '', '23/10/2025 12:12:57', '10/23/2025 12:12:57', '1781200000', '1781200000123', '20260612', '2026-06', '2026-13-01', 'Fri, 12 Jun 2026 10:11:12 GMT', '12-Jun-2026', '2026-06-12 10:11:12 junk', '2020-01-01 11:01:01 pm']) AS x) ORDER BY x;

-- best-effort-with-zones: with a time zone, a precision, and a value for what is no time
SELECT parseDateTimeBestEffort('2026-06-12 00:00:00.000', 'UTC') AS a, parseDateTime64BestEffort('2026-06-12 00:00:00.123') AS b, parseDateTime64BestEffort('2026-06-12 00:00:00.123456', 6) AS c, parseDateTime64BestEffort('2026-06-12 00:00:00.1', 3, 'Europe/Berlin') AS d, parseDateTimeBestEffortOrNull('x', 'UTC') AS e, parseDateTimeBestEffortOrZero('x') AS f, parseDateTime64BestEffortOrNull('x') AS g, parseDateTime64BestEffortOrZero('x', 3) AS h;

-- filters-of-tools: the bounds that tools write
SELECT count() FROM events WHERE timestamp >= parseDateTimeBestEffort('2026-06-12 00:00:00.000', 'UTC');

-- bounds-with-offsets: bounds that are texts with an offset
SELECT count() FROM events WHERE timestamp BETWEEN toDateTime('2026-06-12T00:00:00+02:00') AND toDateTime64('2026-06-14T00:00:00Z', 3);

-- year-zero: of the year 0 ClickHouse makes the one that is going on
SELECT toDateTime('0000-02-07 14:28:18') = toDateTime(concat(toString(toYear(now())), '-02-07 14:28:18')) AS a;

-- midnights-that-are-left-out: where clocks are put forward at midnight
SELECT toDateTime64('2021-03-22', 3, 'Asia/Tehran') AS a, toDateTime('2021-03-22 00:00:00', 'Asia/Tehran') AS b, toDateTime('2021-03-23 00:00:00', 'Asia/Tehran') AS c;

-- days-that-no-month-has: are the first day of the type
SELECT toDate('2026-13-01'), toDate32('2026-13-01'), toDateOrNull('2026-02-35'), toDateOrNull('2026-00-10'), toDateOrNull('2026-01-99'), toDateOrNull('27018926'), toDate('20261301'), toDateOrNull('2026-13-01 10:00:00'), toDateOrNull('1234567');

-- times-behind-short-dates: a time follows numbers of two digits only
SELECT toDateOrNull('2026-7-1 12:00:00'), toDateOrNull('2026-7-1'), toDateOrNull('2026-07-01 12:00:00'), toDateOrNull('2026-7-01 12:00:00'), toDateOrNull('2026-07-1T12:00:00.5');

-- digits-beyond-64-bits: no time, and those within are as far as one goes
SELECT n, toDateTimeOrNull(n) AS t FROM (SELECT arrayJoin(['12345', '4294967296', '9223372036854775807', '9223372036854775808', '61616161616161616161', '00000000000012345678901']) AS n) ORDER BY n;
