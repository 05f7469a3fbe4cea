-- casts: CAST in three spellings
SELECT CAST(duration AS String) AS a, CAST(duration, 'Float64') AS b, duration::Int64 AS c, CAST('5' AS UInt8) AS d, '2026-06-01'::Date AS e, CAST(1.9 AS Int32) AS f, CAST(NULL AS Nullable(String)) AS g FROM events WHERE scope = 'restore:job' ORDER BY duration LIMIT 3;

-- to-integers: small types wrap around
SELECT toUInt8(300) AS a, toInt8(200) AS b, toUInt16(70000) AS c, toInt32('-5') AS d, toInt64(1.9) AS e, toUInt32(-1) AS f, toInt16(-1.5) AS g, toUInt64('18446744073709551615') AS h;

-- to-floats: floats from texts and integers
SELECT toFloat64('1.5') AS a, toFloat64(3) AS b, toFloat32(0.5) AS c, toFloat64('1e3') AS d, toFloat64('-0') AS e;

-- or-zero: what is no number is 0
SELECT obj_val, toInt64OrZero(obj_val) AS a, toUInt64OrZero(obj_val) AS b, toFloat64OrZero(obj_val) AS c, toInt32OrZero(obj_val) AS d FROM events WHERE scope = 'restore:job' GROUP BY ALL ORDER BY obj_val;

-- or-null: what is no number is NULL
SELECT obj_val, toInt64OrNull(obj_val) AS a, toUInt64OrNull(obj_val) AS b, toFloat64OrNull(obj_val) AS c, toUInt32OrNull(obj_val) AS d FROM events WHERE scope = 'restore:job' GROUP BY ALL ORDER BY obj_val;

-- odd-texts-of-numbers: texts that are nearly numbers
SELECT toInt64OrNull(' 5') AS a, toInt64OrNull('5.0') AS b, toInt64OrNull('+5') AS c, toInt64OrNull('') AS d, toFloat64OrNull('.5') AS e, toFloat64OrNull('nan') AS f, toFloat64OrNull('1e400') AS g, toUInt8OrNull('256') AS h, toInt8OrZero('-129') AS i;

-- texts-of-everything: toString of each type
SELECT toString(1.0) AS a, toString(1.5) AS b, toString(true) AS c, toString(timestamp) AS d, toString(toDateTime(timestamp)) AS e, toString(toDate(timestamp)) AS f, toString(user_id) AS g, toString([1, 2]) AS h, toString((1, 'a')) AS i, toString(0.1 + 0.2) AS j, toString(1e20) AS k, toString(NULL) AS l, toString(nan) AS m, toString(-inf) AS n
FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id LIMIT 5;

-- names-of-types: what arithmetic makes of types
SELECT toTypeName(duration) AS a, toTypeName(duration + 1) AS b, toTypeName(duration * duration) AS c, toTypeName(duration - 1) AS d, toTypeName(duration / 2) AS e, toTypeName(intDiv(duration, 2)) AS f, toTypeName(duration % 7) AS g, toTypeName(-duration) AS h, toTypeName(count + user_id) AS i, toTypeName(sum(duration)) AS j, toTypeName(count()) AS k, toTypeName(avg(count)) AS l
FROM events GROUP BY duration, count, user_id LIMIT 1;

-- names-of-more-types: literals, arrays, tuples, dates
SELECT toTypeName(1) AS a, toTypeName(-1) AS b, toTypeName(1.0) AS c, toTypeName('x') AS d, toTypeName([1, -1]) AS e, toTypeName((1, NULL)) AS f, toTypeName(toDate('2026-06-01')) AS g, toTypeName(now()) AS h, toTypeName(NULL) AS i, toTypeName(true) AS j, toTypeName(1 = 1) AS k, toTypeName(INTERVAL 1 DAY) AS l;

-- decimals: exact fractions
SELECT toDecimal64(1.25, 2) AS a, toDecimal64('3.14159', 3) AS b, toDecimal64(1, 2) / 3 AS c, toDecimal32(2.5, 1) + 1 AS d, toDecimal64(1.5, 1) * 2 AS e, toTypeName(toDecimal64(1, 4)) AS f;

-- dates-as-numbers: dates and times as integers
SELECT toInt32(toDate('2026-06-01')) AS a, toUInt32(toDateTime('2026-06-01 00:00:00')) AS b, toInt64(toDateTime64('2026-06-01 00:00:00.999', 3)) AS c;

-- wide-arithmetic: no overflow where ClickHouse widens
SELECT max(duration) + 1 AS a, max(duration) * 2 AS b, min(duration) - 100 AS c, toUInt8(255) + toUInt8(1) AS d, toInt8(-128) - 1 AS e, toUInt32(5) - toUInt32(7) AS f FROM events;

-- booleans: Bool as text and as number
SELECT CAST(1 AS Bool) AS a, toUInt8(true) AS c, CAST(true AS String) AS d, toInt32(false) AS e;

-- constants-and-columns: toLowCardinality and materialize change the type or nothing
SELECT materialize(5) AS a, toTypeName(materialize('x')) AS b, identity(7) AS c;

-- accurate-casts: casts that give NULL where they fail
SELECT accurateCastOrNull(300, 'UInt8') AS a, accurateCastOrNull('5', 'UInt8') AS b, toDateOrNull('x') AS c;

-- times-as-text: a CAST of times
SELECT CAST(timestamp AS DateTime) AS a, CAST(timestamp AS Date) AS b, CAST('2026-06-01 00:00:00' AS DateTime('UTC')) AS c, CAST(timestamp AS String) AS d FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id LIMIT 3;

-- floats-as-texts: digits from a millionth to 1e21, exponents beyond
SELECT arrayMap(x -> toString(x), [1e-4, 9.9e-5, 6.103515625e-5, 1e-6, 1.5e-6, 9.5e-7, 1e-7, 1.25e-10, 1e-100, 0.5, 100.0]) AS a, arrayMap(x -> toString(x), [1e15, 1e16, 1.5e16, 123456789012345678.0, 123456789012345670000.0, 9.999e20, 1e21, 1.5e21, 1e100]) AS b, arrayMap(x -> concat('<', toString(-x), '>'), [6.103515625e-5, 1e-7, 123456789012345670000.0, 1e21]) AS c, arrayMap(x -> toString(toFloat32(x)), [0.1, 6.103515625e-5, 9.5e-7, 1e16, 123456789.0]) AS d, toString(0 / 0) AS e, toString(-1 / 0) AS f, toString(-0.0) AS g;

-- powers-as-texts: of values of rows, also where they are a key
SELECT toString(pow(0.5, obj_id)) AS power, count() AS n FROM events WHERE obj_id BETWEEN 1 AND 40 GROUP BY power ORDER BY power;

-- tuples-as-texts: what has no sign of its own is escaped within quotes
SELECT toString((1, 'it''s', 'a\\b', 'tab\there', 'line\nand\rline', NULL, 1.5)) AS a, toString((0, user_name)) AS b FROM events GROUP BY b ORDER BY b;

-- truth-beside-numbers: what is combined with a Bool is a Bool
SELECT toTypeName(1 AND true), toTypeName(NULL AND true), toTypeName(xor(1, true)), toTypeName(NOT true), toTypeName(true OR toNullable(1)), toTypeName(and(1, 1, true)), toTypeName(true = true), 5 AND true, toTypeName(if(true, true, 1)), true AND NULL, toTypeName(greatest(true, 1)), toTypeName(sum(true)), toTypeName(coalesce(NULL, true)), toTypeName(ifNull(toNullable(true), 0));

-- truth-of-rows: Bool of conditions of the events
SELECT scope = 'x' OR true AS b, (duration > 5) AND true AS c, xor(duration > 5, false) AS d FROM events ORDER BY timestamp LIMIT 2;

-- groups-of-truth: grouped by a Bool
SELECT (duration > 1000) AND true AS b, count() FROM events GROUP BY b ORDER BY b;

-- casts-of-what-is-not-null: a CAST of a nullable column to a type that is not
SELECT CAST(user_id, 'UInt64') FROM events WHERE user_id IS NOT NULL ORDER BY user_id LIMIT 1;

-- texts-of-tuples-and-arrays: within each other
SELECT toString((1, 'a', NULL, [1,2], ['x'], toDate('2026-06-12'), now() IS NULL, 1.5, (1,'b'))), toString([]), toString(['a','b']), toString([toDate('2026-01-01')]), toString([1.5, 2.5]), toString([NULL,1]), toString(['a', NULL]);

-- large-integers-beside-floats: compared exactly
SELECT 18446744073709551615 < 18446744073709551616.0 AS a, toUInt64(9223372036854775807) = 9223372036854775808.0 AS b, 9007199254740993 = 9007199254740992.0 AS c;

-- not-of-bool: stays one, with NULL too
SELECT toTypeName(not(toNullable(true))) AS a, toTypeName(not(xor(toNullable(1) != 3, true))) AS b, not(xor(number != toNullable(3), true)) AS c, toTypeName(not(toNullable(1))) AS d FROM numbers(3);

-- logic-of-nullable-bool: of these xor alone stays one
SELECT toTypeName(xor(toNullable(true), 1 = 1)) AS a, toTypeName(and(toNullable(true), 1 = 1)) AS b, toTypeName(or(toNullable(true), 1 = 1)) AS c, xor(xor(0 BETWEEN 1 AND obj_id, true), 1 = 1) AS d FROM events WHERE scope = 'load:cvat';
