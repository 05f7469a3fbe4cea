-- texts-that-are-no-times: a day that the month does not have; ClickHouse fails, too
SELECT toDateTime('2026-02-30 10:11:12');

-- texts-that-are-no-dates: a Date of a time with an offset; ClickHouse fails, too
SELECT toDate('2026-06-12T10:11:12Z');

-- nulls-that-cannot-be: a CAST of NULL in a row; ClickHouse fails, too
SELECT CAST(user_id, 'UInt64') FROM events;

-- decimals-too-large: a decimal beyond the integer; ClickHouse fails, too
SELECT toInt32(toDecimal64('2147483649', 2));

-- arrays-of-other-sizes: zipped; ClickHouse fails, too
SELECT arrayZip([1, 2], ['a']);

-- decimals-below-zero: a negative decimal as an unsigned integer; ClickHouse fails, too
SELECT toUInt64(toDecimal64('-1', 2));

-- decimals-by-zero: a decimal divided by zero; ClickHouse fails, too
SELECT toDecimal32('1', 1) / 0;

-- no-time-at-all: a text that is no time; ClickHouse fails, too
SELECT toDateTime('x');

-- behind-and: what can fail is asked only where all before it is true
SELECT count() FROM events WHERE user_id IS NOT NULL AND CAST(user_id AS UInt64) > 1 AND intDiv(10, CAST(user_id AS UInt64)) < 5;
