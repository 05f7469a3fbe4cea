-- division: / is a float, also by zero
SELECT 7 / 2 AS a, 1 / 0 AS b, 0 / 0 AS c, -1 / 0 AS d, 6 / 3 AS e;

-- whole-division: intDiv, DIV, %, MOD and their signs
SELECT intDiv(7, 2) AS a, intDiv(-7, 2) AS b, 7 DIV 2 AS c, 7 MOD 2 AS d, -7 % 3 AS e, modulo(7, 3) AS f, positiveModulo(-7, 3) AS g, intDivOrZero(1, 0) AS h, 7.5 % 2 AS i;

-- rounding: halves go to the even neighbour for floats
SELECT round(0.5) AS a, round(1.5) AS b, round(2.5) AS c, round(-0.5) AS d, round(2.675, 2) AS e, round(1234, -2) AS f, round(1250, -2) AS g, round(3.14159, 3) AS h, round(-2.5) AS i, roundBankers(2.5) AS j, round(5) AS k;

-- rounding-decimals: and away from zero for decimals
SELECT round(toDecimal64(2.5, 1)) AS a, round(toDecimal64(0.125, 3), 2) AS b;

-- floors: floor, ceil, trunc with and without places
SELECT floor(1.7) AS a, ceil(1.2) AS b, trunc(-1.7) AS c, floor(-1.2) AS d, floor(1.789, 2) AS e, ceil(1.781, 2) AS f, floor(1789, -2) AS g, truncate(1.789, 1) AS h, ceiling(1.5) AS i;

-- powers: powers, roots, logarithms
SELECT pow(2, 10) AS a, power(2, 0.5) AS b, sqrt(16) AS c, exp(1) AS d, log(10) AS e, log2(8) AS f, log10(1000) AS g, ln(1) AS h, cbrt(27) AS i, pi() AS j;

-- signs: absolute values and signs
SELECT abs(-5) AS a, abs(-1.5) AS b, sign(-3) AS c, sign(0) AS d, negate(5) AS e, -(-5) AS f, toTypeName(abs(toInt8(-5))) AS g;

-- function-forms: plus, minus, multiply, divide
SELECT plus(1, 2) AS a, minus(1, 2) AS b, multiply(3, 4) AS c, divide(1, 4) AS d;

-- bits: bitwise operations
SELECT bitAnd(12, 10) AS a, bitOr(12, 10) AS b, bitXor(12, 10) AS c;

-- extremes: least, greatest, max2, min2
SELECT least(1, 2.5) AS a, greatest(1, 2.5) AS b, max2(1, 2) AS c, min2(1, 2) AS d, greatest('a', 'b') AS e, least(toDate('2026-06-01'), toDate('2026-07-01')) AS f, greatest(1, 300) AS g;

-- finite: replacing nan and infinity
SELECT ifNotFinite(1 / 0, 42) AS a, ifNotFinite(1.5, 42) AS b, isNaN(0 / 0) AS c, isFinite(1 / 0) AS d;

-- hours-of-milliseconds: the conversions that dashboards do
SELECT sum(duration) / 1000 / 3600 AS hours, round(sum(duration) / 3600000, 2) AS rounded, intDiv(sum(duration), 60000) AS minutes FROM events WHERE scope = 'change:frame';

-- number-output: how numbers look in the answer
SELECT 0.1 + 0.2 AS a, 1e15 AS b, 1e16 AS c, 1e21 AS d, 123456789.123456789 AS e, 1e-7 AS f, 1 / 3 AS g, toFloat32(0.1) AS h, -0.0 AS i, 100000000000000000000 AS j;

-- checksum: a checksum of ids by hand
SELECT sum(user_id * 31 + ifNull(task_id, 0)) % 1000003 AS checksum FROM events WHERE user_id < 1000;

-- width-buckets: durations in buckets by a power of ten
SELECT if(duration = 0, -1, toInt32(floor(log10(duration)))) AS magnitude, count() AS n FROM events GROUP BY magnitude ORDER BY magnitude;

-- percentages: shares with two digits
SELECT source, round(count() * 100 / 20040, 2) AS percent, concat(toString(round(count() * 100 / 20040, 1)), ' %') AS text FROM events GROUP BY source ORDER BY source;

-- sign-of-no-number: nan is not below zero
SELECT array(sign(nan), 0) AS a, sign(-0.5) AS b, sign(duration - 1000) AS c, count() AS n FROM events GROUP BY c ORDER BY c;

-- below-zero-unsigned: what is below zero counts down from the end of UInt64
SELECT toUInt64(-300) AS a, toInt64(toUInt64(-300)) AS b, toInt32(toUInt64(-300)) AS c, toUInt64(arraySum([-1])) AS d, toUInt64(-1.5) AS e, toUInt64(1e19) AS f, toString(toUInt64(-300)) AS g, toFloat64(toUInt64(-1)) AS h, median(toUInt64(-300)) AS i, quantiles(0.5)(toUInt64(-300)) AS j, [toUInt64(-1), 1] AS k;

-- below-zero-of-events: the same for values of rows
SELECT toUInt64(duration - 500) > 1000 AS is_below, toInt64(toUInt64(duration - 500)) AS back, count() AS n FROM events WHERE duration < 1000 GROUP BY is_below, back ORDER BY back LIMIT 5;

-- places-of-unsigned: where a place or a count is wanted, UInt64 is as good as another integer
SELECT [10, 20, 30][toUInt64(toInt8(2))] AS a, substring('abcdef', toUInt64(toInt8(3))) AS b, repeat('ab', toUInt64(toInt8(2))) AS c, leftPad('7', toUInt64(toInt8(3)), '0') AS d, arraySlice([1, 2, 3], toUInt64(toInt8(2))) AS e, toDateTime('2026-06-01 00:00:00') + toIntervalHour(toUInt64(toInt8(2))) AS f, range(toUInt64(toInt8(3))) AS g;

-- products-beyond-64-bits: they go around, with a sign or without
SELECT 9223372036854775807 * toInt64(2) AS a, toUInt64(18446744073709551615) * toUInt64(18446744073709551615) AS b, toUInt64(-2) * toInt64(-3) AS c, 5000000000 * 5000000000 AS d, toTypeName(d) AS e, 5000000000 * -5000000000 AS f, 5000000000 * 5000000000 - 1 AS g, 5000000000 * 5000000000 + 5000000000 * 5000000000 AS h;

-- opposites-of-64-bits: the end of them has none
SELECT negate(toUInt64(-1)) AS a, -toUInt64(-300) AS b, -toInt64('-9223372036854775807') AS c, abs(toUInt64(-1)) AS d, abs(-9223372036854775808) AS e, negate(-9223372036854775808) AS f, negate(user_id - toUInt64(-1)) AS g FROM events WHERE user_id = 5 LIMIT 1;

-- products-of-events: of ids that are large enough
SELECT user_id * 5000000000 * 5000000000 AS a, toInt64(user_id) * 5000000000 * -5000000000 AS b, count() AS n FROM events WHERE project_id = 3 GROUP BY a, b ORDER BY a LIMIT 10;

-- sums-beyond-64-bits: sums of what is large go around, too
SELECT sum(toUInt64(-300)) AS a, sum(5000000000 * 5000000000) AS b, sum(DISTINCT -5000000000 * 5000000000) AS c, sumIf(toUInt64(duration - 500), duration < 400) AS d FROM events WHERE project_id = 3;

-- single-precision: a Float32 beside another number is computed as a Float64
SELECT toFloat32(0.1) - org_id AS a, toFloat32(0.1) + toFloat32(0.2) AS b, toFloat32(0.1) * 3 AS c, toFloat32(0.1) / toFloat32(3) AS d, toTypeName(-toFloat32(0.1)) AS e, -toFloat32(0.1) AS f FROM events WHERE org_id IS NOT NULL GROUP BY org_id ORDER BY org_id;

-- places-beyond-64-bits: they count from the end where a text or a slice is cut, and are no element's
SELECT arraySlice([1, 2, 3], toUInt64(-2)) AS a, arraySlice([1, 2, 3], 1, toUInt64(-2)) AS b, [1, 2, 3][toUInt64(-2)] AS c, substring('abcdef', toUInt64(-2)) AS d, left('abcdef', toUInt64(-2)) AS e, toDateTime('2026-06-01 00:00:00') + toIntervalHour(toUInt64(-2)) AS f;

-- too-large-for-single: what no Float32 can be is infinite
SELECT arrayMap(x -> toString(toFloat32(x)), [1e39, -1e39, 3.4e38, 3.4028235e38, 0 / 0, 1 / 0]) AS a, toString(CAST(1e300 AS Float32)) AS b, toFloat32(0.1) AS c;

-- whole-divisions-of-null: what is unknown stays so, also by zero
SELECT intDivOrZero(org_id, count - count) AS a, intDivOrZero(toNullable(5), 0) AS b, intDivOrZero(NULL, 0) AS c, count() AS n FROM events GROUP BY a ORDER BY a;

-- numbers-between-spaces: they are none
SELECT toFloat64OrNull('  3') AS a, toFloat64OrNull('3 ') AS b, toFloat64OrZero(' 3') AS c, toFloat64OrNull('-3.5') AS d, toFloat64OrZero(concat('4', if(user_id = 5, '', ' '))) AS e, toFloat64OrZero('') AS f FROM events GROUP BY e ORDER BY e;

-- nan-beside-null: it is equal to itself where one side can be NULL
SELECT isDistinctFrom(nan, nan) AS a, isDistinctFrom(toNullable(nan), nan) AS b, isDistinctFrom(nan, toNullable(nan)) AS c, isNotDistinctFrom(nan, nan) AS d, isNotDistinctFrom(toNullable(nan), nan) AS e, isDistinctFrom(nullIf(nan, 1), 1) AS f;

-- extremes-beside-null: a NULL of no type takes the others' type
SELECT greatest('1.5', NULL) AS a, least('1.5', NULL) AS b, greatest('1.5', anyLast(NULL)) AS c, greatest(2, NULL, 3) AS d, greatest(toDate('2026-01-01'), NULL) AS e;

-- extremes-of-no-number: of three values NaN is the last
SELECT least(1, inf, nan) AS a, greatest(1., nan, 2.) AS b, least(materialize(nan), 2., 3.) AS c, least(materialize(1.), nan) AS d, greatest(nan, materialize(1.)) AS e;

-- integers-cut: the ends of 64 bits made narrower
SELECT toInt32(toInt64('9223372036854775807')), toUInt8(toInt64('9223372036854775807')), toInt16(toInt64('-9223372036854775808')), toInt8(18446744073709551615), toInt32(-5), toInt8(-129), toInt16(40000), toInt32(2147483648);

-- readable-quantities: to their largest names
SELECT formatReadableQuantity(18446744073709551615), formatReadableQuantity(1e40), formatReadableQuantity(5e62), formatReadableQuantity(5e66), formatReadableSize(1e22), formatReadableSize(1e25), formatReadableSize(1e30);

-- bits-of-both-signs: as wide as the wider side
SELECT bitAnd(-1, 18446744073709551615), bitOr(-1, 18446744073709551615), bitXor(toInt8(-1), toUInt64(5)), bitAnd(toInt64(-3), toUInt64(18446744073709551615)), bitOr(toUInt64(18446744073709551615), 1);

-- opposites-of-the-least: they are themselves, and of UInt64 they go around
SELECT negate(-2147483648), negate(toInt8(-128)), negate(toInt16(-32768)), negate(18446744073709551615), negate(toUInt32(4294967295)), arraySort(x -> -x, [toUInt64(1), 2, 18446744073709551615]), -toInt32(5);

-- nan-is-no-null: NaN is equal to nothing
SELECT nullIf(nan, nan), nullIf(1.5, 1.5), nullIf(1, 1.0), isNull(nullIf(nan, nan));

-- unsigned-made-signed: of JSON, too
SELECT toInt8(JSONExtractUInt('{"v":200}', 'v')), toInt16(JSONExtractUInt('{"v":5}', 'v')), toInt32(JSONExtractUInt('{"v":18446744073709551615}', 'v')), groupBitOr(toInt8(JSONExtractUInt(payload, 'v'))) FROM events;

-- tens-of-integers: whole tens of an integer go around at the end of its type
SELECT ceil(18446744073709551615, -1) AS a, floor(18446744073709551615, -1) AS b, round(18446744073709551615, -2) AS c, trunc(18446744073709551615, -1) AS d, round(-9223372036854775808, -1) AS e, ceil(9223372036854775807, -1) AS f, round(user_id, -1) AS g, count() AS n FROM events GROUP BY g ORDER BY g;

-- tens-of-narrow-integers: the same for narrow types, and for what is below 0
SELECT toUInt8(230 + number) AS x, ceil(x, -1) AS a, floor(x, -1) AS b, round(x, -1) AS c, trunc(x, -1) AS d, roundBankers(x, -1) AS e, toInt32(-2147483648 + number * 3) AS y, ceil(y, -1) AS f, floor(y, -1) AS g, round(y, -1) AS h, trunc(y, -3) AS i, roundBankers(-155 + number, -1) AS j, round(-155 + number, -1) AS k FROM numbers(24);

-- integers-of-floats: what an integer cannot hold of a float
SELECT x, toInt8(x) AS a, toInt16(x) AS b, toInt32(x) AS c, toInt64(x) AS d, toUInt8(x) AS e, toUInt16(x) AS f, toUInt32(x) AS g, toUInt64(x) AS h FROM (SELECT arrayJoin([1e20, -1e20, 1e19, -1e19, 3e9, -3e9, 5e9, 70000.5, -70000.5, 1e300, 9.3e18, 8e18, -8e18, 1.8446744073709552e19, 4294967295.5, 4294967300., 2147483648., 2147483647.5, -2147483648.5, -2147483649., -1.5, -300.5, 0.5]) AS x);

-- integers-of-infinity: no integer
SELECT toInt8(inf);

-- functions-of-functions: long arguments that a function needs more than once
SELECT sign(log2(log2(log2(sqrt(duration + 100))))) > 0 AS x, count() AS n FROM events WHERE round(sqrt(log2(sqrt(duration + 5.5))), 1) != 7.5 GROUP BY x ORDER BY x;

-- subqueries-within-functions: a subquery as a value that a function needs more than once
SELECT isNaN(sqrt(log((SELECT max(duration) / 3 FROM events)))) AS a, (SELECT max(duration) / 3 FROM events) > toFloat64(number) AS b FROM numbers(2);

-- float32-rounding: a Float32 is scaled, rounded and scaled back in its own type
SELECT toFloat32(117845000 + number * 7) AS x, ceil(x, -1) AS a, floor(x, -1) AS b, round(x, -1) AS c, trunc(x, -2) AS d FROM numbers(20);

-- float32-rounding-digits: the same behind the point
SELECT toFloat32(number / 7 + 1000.55) AS x, ceil(x, 1) AS a, floor(x, 2) AS b, round(x, 1) AS c, trunc(x, 2) AS d, roundBankers(x, 1) AS e FROM numbers(50);

-- whole-division-of-both-signs: a number without a sign is divided as one with a sign of its width
SELECT intDiv(18446744073709551615, -300) AS a, intDiv(-300, 18446744073709551615) AS b, intDiv(toUInt8(255), toInt8(-3)) AS c, intDiv(toInt8(-9), toUInt32(4294967293)) AS d, intDiv(toInt32(-9), toUInt8(253)) AS e, 4294967295 DIV -3 AS f, intDivOrZero(18446744073709551610, -3) AS g, intDiv(toUInt8(200), toInt64(-3)) AS h, intDiv(toInt64(-9000), toUInt32(4294967293)) AS i, intDiv(18446744073709551615, 300) AS j;

-- whole-division-of-columns: the same with columns
SELECT intDiv(toUInt16(number * 9000), toInt16(number - 4) - 10) AS a, intDiv(-100 - number, toUInt8(number * 40 + 1)) AS b, intDiv(count(), toInt8(-7)) AS c FROM numbers(9) GROUP BY number ORDER BY number;
