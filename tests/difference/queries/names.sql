-- of-the-right-side: a column that both sides have keeps its table's name
SELECT max(b.x), b.x + 1, count(b.k), a.x + 1 FROM (SELECT 1 AS x, 1 AS k) AS a JOIN (SELECT 2 AS x, 1 AS k) AS b ON a.k = b.k GROUP BY a.x, b.x;

-- of-all-columns: of * as well
SELECT * FROM (SELECT 1 AS x, 1 AS k) AS a JOIN (SELECT 2 AS x, 1 AS k, 3 AS y) AS b ON a.k = b.k;

-- of-one-table: and of b.*
SELECT b.*, a.* FROM (SELECT 1 AS x, 1 AS k) AS a LEFT JOIN (SELECT 2 AS x, 1 AS k, 3 AS y) AS b ON a.k = b.k;

-- of-three-tables: of several joins the left one, too
SELECT a.x, b.x, c.x, c.y, k + 1 FROM (SELECT 1 AS x, 1 AS k) AS a CROSS JOIN (SELECT 2 AS x) AS b CROSS JOIN (SELECT 3 AS x, 4 AS y) AS c;

-- of-a-comma: two tables with a comma
SELECT t2.scope, t1.scope FROM (SELECT 'a' AS scope) AS t1, (SELECT 'b' AS scope) AS t2;

-- of-events-beside-themselves: the events twice
SELECT count(b.job_id), uniqExact(a.user_id, b.scope), max(b.timestamp) FROM events AS a JOIN events AS b ON a.job_id = b.job_id AND a.timestamp = b.timestamp;

-- of-the-left-side: a name without its table is the left one's
SELECT x, b.x FROM (SELECT 1 AS x, 1 AS k) AS a JOIN (SELECT 2 AS x, 1 AS k) AS b USING (k);

-- of-using: the column of USING is first, and once
SELECT * FROM (SELECT 1 AS x, 1 AS k) AS a JOIN (SELECT 2 AS x, 1 AS k) AS b USING (k) JOIN (SELECT 3 AS x, 2 AS l, 1 AS k) AS c USING k;

-- of-using-on-the-right: the left side's column, beside the one that USING made
SELECT k, a.k, b.k, a.k + 1 FROM (SELECT 1 AS x, 1 AS k) AS a RIGHT JOIN (SELECT 2 AS x, 2 AS k) AS b USING (k);

-- of-aliases: beside an alias of the same name a column keeps its table's
SELECT t.x, sum(t.y) + 1, max(t.z) AS x FROM (SELECT 1 AS x, 2 AS y, 3 AS z) AS t GROUP BY t.x;

-- of-all-beside-an-alias: in * as well
SELECT toDate(timestamp) AS timestamp, * EXCEPT (payload) FROM events WHERE scope = 'load:cvat' ORDER BY events.timestamp, obj_id LIMIT 1;

-- of-a-joined-subquery: names with a dot go outwards
SELECT *, b.x + 1, `b.x` * 2, q.b.x FROM (SELECT a.x, b.x FROM (SELECT 1 AS x) AS a CROSS JOIN (SELECT 2 AS x) AS b) AS q;

-- of-equal-columns: one column twice
SELECT * FROM (SELECT number, number, 5 AS e FROM numbers(2)) AS l INNER JOIN (SELECT number FROM numbers(2)) AS r USING (number) ORDER BY ALL;

-- of-array-join: elements in place of the array
SELECT * FROM (SELECT [1, 2] AS arr, 5 AS y) AS t ARRAY JOIN arr ORDER BY arr;

-- of-array-join-with-an-alias: arrays beside the elements
SELECT t.*, x, t.arr FROM (SELECT [1, 2] AS arr, 5 AS y) AS t ARRAY JOIN arr AS x ORDER BY x;

-- numbers: as ClickHouse spells them
SELECT 1e-8 < 2, 1e20, 1e21, .5, 1.10, 0xFF, 18446744073709551616, -1.5, -0.0, 100., +5, -(5), 0.000001, 0.0000001;

-- no-numbers: in any case of the letters
SELECT isNaN(NaN), isFinite(-inf), -Infinity AS i, isInfinite(INF);

-- arrays: a float makes all of them floats
SELECT [1, 2.5, -3], [[1], [2.5]], (1, [2, 2.5]), [(1, 2.5), (3, 4)], [1, NULL], [1 + 1, 2.5], array(1, 2.5), [1, nan, -inf];

-- casts: a number before :: is a text
SELECT 5::Int32, -5::Int8, '5'::UInt8, 5.50::Decimal(10,2), number::String, number + 5::Int8, CAST(1.5 AS Decimal(10,2)), CAST(5 AS Int32) FROM numbers(1);

-- times: sums with intervals
SELECT dateSub(toDate('2026-06-12'), INTERVAL 1 DAY), dateAdd(toDate('2026-06-12'), INTERVAL 2 WEEK), date_sub(toDate('2026-06-12'), toIntervalDay(1)), timestamp_add(toDateTime('2026-06-12 00:00:00'), INTERVAL '3 hours');

-- functions: as they are written, but for a few
SELECT substr('abc', 2), SUBSTR('abc', 2, 1), SUBSTRING('abc', 2), substring('abc' FROM 2), mid('abc', 2), POSITION('abc', 'b'), TRIM(' a'), LENGTH('a'), 'a' || 'b' || 'c', ('a' || 'b') || 'c';

-- windows: with what is said of NULL
SELECT sum(number) OVER (ORDER BY number DESC NULLS FIRST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), row_number() OVER (PARTITION BY number % 2 ORDER BY number NULLS LAST) FROM numbers(1);

-- subqueries: are numbered
SELECT (SELECT 5), 1 + (SELECT count() FROM events), number IN (SELECT 0) FROM numbers(1);
