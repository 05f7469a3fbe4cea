-- bits-of-many: groupBitXor
SELECT groupBitXor(duration) AS x FROM events WHERE scope = 'change:frame';

-- array-products: products, differences, common parts, and arrays made longer
SELECT arrayProduct([2, 3, 4]) AS p, arrayDifference([1, 4, 9]) AS d, arraySort(arrayIntersect([1, 2, 3], [2, 3, 4])) AS i, arrayResize([1, 2], 4) AS r, arrayFirstIndex(x -> x > 1, [1, 2, 3]) AS f, arrayZip([1, 2], ['a', 'b']) AS z;

-- transform: one value for another
SELECT transform(source, ['client', 'server'], ['browser', 'backend'], 'other') AS a, transform(project_id, [1, 2], ['one', 'two'], 'more') AS b, count() AS n FROM events GROUP BY a, b ORDER BY a, b;

-- make-dates: dates and times from their parts
SELECT makeDate(2026, 6, 15) AS d, makeDateTime(2026, 6, 15, 10, 11, 12) AS t;

-- date-add: the SQL forms date_add and date_sub
SELECT dateAdd(DAY, 3, toDate('2026-06-01')) AS a, dateSub(HOUR, 3, toDateTime('2026-06-01 00:00:00')) AS b, date_add(toDate('2026-06-01'), INTERVAL 1 MONTH) AS c;

-- more-bits: shifted, tested, counted
SELECT bitShiftLeft(1, 4) AS a, bitShiftRight(16, 2) AS b, bitTest(5, 2) AS c, bitCount(255) AS d, moduloOrZero(5, 0) AS e, e() AS f;

-- more-text: separators, codes, white space
SELECT concatWithSeparator(', ', 'a', 'b', 'c') AS a, ascii('A') AS b, space(3) AS c, splitByWhitespace(' a  b ') AS d;

-- encodings: hexadecimal and base64
SELECT hex('abc') AS a, lower(hex(255)) AS b, unhex('616263') AS c, base64Encode('hello') AS d, base64Decode('aGVsbG8=') AS e;

-- zones-of-columns: the zone and its offset
SELECT DISTINCT toMonth(timestamp) AS m, timezoneOf(timestamp) AS zone, timezoneOffset(toTimeZone(timestamp, 'Europe/Berlin')) AS seconds FROM events WHERE project_id = 900 ORDER BY m, seconds;

-- or-default: what is no number is what is asked for
SELECT toInt64OrDefault('x', toInt64(7)) AS a, toInt64OrDefault('5', toInt64(7)) AS b, toBool('true') AS c, toDateOrZero('x') AS d;

-- maps: key and value
SELECT map('a', 1, 'b', 2) AS m, m['a'] AS a, mapKeys(m) AS k;

-- weighted-quantiles: quantiles of other kinds
SELECT quantileExactWeighted(0.5)(duration, 1) AS a, quantileTDigest(0.5)(duration) AS b FROM events WHERE scope = 'restore:job';

-- running-lists: moving sums and arrays as aggregates
SELECT groupArrayMovingSum(2)(n) AS s FROM (SELECT number AS n FROM numbers(5) ORDER BY n);

-- first-in-time: windowFunnel and sequences
SELECT windowFunnel(3600)(toDateTime(timestamp), scope = 'load:job', scope = 'draw:object', scope = 'save:job') AS steps FROM events WHERE user_id = 12;

-- overflow: where it does not, 64 bits wrap around
SELECT toUInt64(18446744073709551615) + 1 AS a, toInt64(9223372036854775807) + 1 AS b, toUInt64(5) - toUInt64(7) AS c;
