-- numbers-beyond-times: numbers before 1970 and beyond 32 bits are the ends of a DateTime
SELECT toDateTime(-1) a, toDateTime(1.7) b, toDateTime(4294967296) c, toDateTime(-1.5) d, toDateTime(1e20) e, toDateTime(toInt64(-5)) f, fromUnixTimestamp(-1) g, fromUnixTimestamp(6457477432) h, toDateTime64(6457477432, 3) i, toDateTime64(-1.5, 3) j, toDateTime64(1e15, 3) k;

-- numbers-as-dates: small numbers are days, others seconds
SELECT toDate(-1), toDate(65535), toDate(65536), toDate(4294967296), toDate(1.5), toDate(-1.5), toDate(5000000000), CAST(-1 AS DateTime), CAST(70000 AS Date);

-- accurate-casts-to-times: only numbers and texts that are times
SELECT accurateCastOrNull(19, 'DateTime') a, accurateCastOrNull(-1, 'DateTime') b, accurateCastOrNull(4294967296, 'DateTime') c, accurateCastOrNull(19, 'Date') d, accurateCastOrNull('x', 'DateTime') e, accurateCastOrNull(1.5, 'DateTime') f, accurateCastOrNull('2026-06-12 10:00:00', 'DateTime') g, accurateCastOrNull('2026-06-12', 'Date') h, accurateCastOrNull(70000, 'Date') i;

-- accurate-casts-to-floats: only what the type holds exactly
SELECT accurateCastOrNull(1.5, 'Float32') a, accurateCastOrNull(16777217, 'Float32') b, accurateCastOrNull(0.1, 'Float32') c, accurateCastOrNull(9007199254740993, 'Float64') d, accurateCastOrNull('0.1', 'Float32') e, accurateCastOrNull(-1, 'UInt8') f, accurateCastOrNull(1.0, 'UInt8') g, accurateCastOrNull(2, 'Bool') i, accurateCastOrNull('1.5', 'Decimal(9,1)') j;

-- seconds-between-precisions: the finer one counts
SELECT toDateTime('2026-06-12 10:11:12') - toDateTime64('2026-06-12 10:11:11.5', 1) AS d, toTypeName(d);

-- precisions-of-nine: types of nanoseconds
SELECT toTypeName(now64(9)), toTypeName(now64(7)), toTypeName(now64(6, 'Europe/Berlin')), toTypeName(toDateTime64('2026-06-12 00:00:00.123456', 9)), toString(toDateTime64('2026-06-12 00:00:00.123456', 9));

-- first-days: west of Greenwich the first day of 1970 is in 1969, which no Date is
SELECT toStartOfMonth(toDateTime(0, 'America/Los_Angeles')), toStartOfWeek(toDateTime(0, 'America/Los_Angeles')), toStartOfYear(toDateTime(0, 'America/Los_Angeles')), toMonday(toDateTime(0, 'America/Los_Angeles')), toStartOfQuarter(toDateTime(0, 'America/Los_Angeles')), toDate(toDateTime(0, 'America/Los_Angeles')), toLastDayOfMonth(toDateTime(0, 'America/Los_Angeles'));

-- weeks-before-1970: a Date is not before 1970
SELECT dateDiff('week', toDate('1969-12-25'), toDate('1970-01-05')), toDateOrNull('1960-01-01'), toDateOrNull('2200-01-01'), toDateOrNull('x');
