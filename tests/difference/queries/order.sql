-- nulls-last: NULL is last in both directions
SELECT user_id, count() AS n FROM events GROUP BY user_id ORDER BY user_id DESC;

-- nulls-first: unless it is asked for first
SELECT user_id, count() AS n FROM events GROUP BY user_id ORDER BY user_id NULLS FIRST;

-- nan-near-the-end: nan is after all numbers, in both directions
SELECT x FROM (SELECT arrayJoin([1.5, nan, -inf, inf, 0]) AS x) ORDER BY x DESC;

-- nan-and-null: NULL is after nan
SELECT x FROM (SELECT arrayJoin([1.5, nan, NULL, 0]) AS x) ORDER BY x;

-- ratios-of-each-user: nan among the ratios
SELECT user_id, countIf(scope = 'delete:task') / countIf(scope = 'restore:job' AND project_id > 5) AS ratio FROM events GROUP BY user_id ORDER BY ratio DESC, user_id;

-- by-expression: ordered by what is not selected
SELECT scope, count() AS n FROM events GROUP BY scope ORDER BY length(scope) DESC, scope LIMIT 10;

-- by-position: ORDER BY 2, 1
SELECT source, toMonth(timestamp) AS month, count() FROM events GROUP BY 1, 2 ORDER BY 2 DESC, 1;

-- by-all: ORDER BY ALL
SELECT DISTINCT source, project_id FROM events ORDER BY ALL;

-- by-aggregate: ordered by an aggregate that is not selected
SELECT user_id FROM events GROUP BY user_id ORDER BY count() DESC, user_id;

-- by-tuple: ordered by a pair
SELECT DISTINCT project_id, source FROM events WHERE project_id IS NOT NULL ORDER BY (source, project_id) DESC;

-- names-by-bytes: names in the order of their bytes
SELECT DISTINCT user_name FROM events ORDER BY user_name;

-- mixed-directions: one up, one down
SELECT DISTINCT toMonth(timestamp) AS m, org_id FROM events ORDER BY m DESC, org_id ASC;

-- last-events: the newest, ties broken by the object
SELECT timestamp, scope, obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY timestamp DESC, obj_id DESC LIMIT 100;

-- float-named-as-a-column: the order of an average in a subquery whose other columns are texts
SELECT scope, source, average FROM (SELECT scope, source, avg(duration) AS average FROM events GROUP BY scope, source) ORDER BY average DESC, scope, source;

-- float-computed-over-a-subquery: the key's place is another column's within
SELECT n * 1.5 AS weight, scope FROM (SELECT scope, count() AS n FROM events GROUP BY scope) ORDER BY weight, scope;

-- distinct-floats: with NaN among them
SELECT DISTINCT x, name FROM (SELECT 'a' AS name, arrayJoin([nan, 1.5, 2.5, 1.5]) AS x) ORDER BY x DESC;

-- behind-all-keys: what stands behind all keys of GROUP BY orders nothing, and is not computed where nobody reads it
SELECT source FROM (SELECT source, project_id, quantileExact(0.9)(intDiv(0.5, nan - duration)) AS q FROM events GROUP BY source, project_id ORDER BY source, project_id DESC, q) WHERE project_id < 3;

-- no-number-first: NULLS FIRST takes NaN along
SELECT number, number + number / nullIf(number, 1) AS a FROM numbers(3) ORDER BY a ASC NULLS FIRST;

-- no-number-first-descending: behind NULL
SELECT toString(x) AS t FROM (SELECT arrayJoin([1, NULL, nan, 2, NULL, nan, -inf, inf]) AS x) ORDER BY x DESC NULLS FIRST;

-- no-number-of-groups: averages of nothing
SELECT scope, avgIf(duration, duration > 100000) AS a FROM events GROUP BY scope ORDER BY a DESC NULLS FIRST, scope LIMIT 5;

-- no-number-in-windows: in windows, too
SELECT toString(x) AS t, row_number() OVER (ORDER BY x NULLS FIRST, n) AS r, row_number() OVER (ORDER BY x DESC NULLS FIRST, n) AS d FROM (SELECT arrayElement([1.5, NULL, nan, 2], number + 1) AS x, number AS n FROM numbers(4)) ORDER BY r;

-- tuples-with-null: NULL and NaN within tuples
SELECT n, (x, y) AS v FROM (SELECT number AS n, arrayElement([1.5, NULL, nan], number % 3 + 1) AS x, nullIf(number % 2, 1) AS y FROM numbers(6)) ORDER BY v DESC, n;

-- tuples-that-are-computed: of a subquery
SELECT n FROM (SELECT number AS n, (arrayElement([1.5, NULL, nan], number % 3 + 1), nullIf(number % 2, 1)) AS v FROM numbers(6)) ORDER BY v NULLS FIRST, n;

-- arrays-with-null-first: and within arrays
SELECT n FROM (SELECT number AS n, [arrayElement([1.5, NULL, nan], number % 3 + 1), 2] AS v FROM numbers(6)) ORDER BY v NULLS FIRST, n;

-- tuples-that-are-groups: a key that is a tuple
SELECT (project_id, source) AS k, count() AS n FROM events GROUP BY k ORDER BY k;

-- order-by-a-set-beside-what-can-fail: a key that is selected is taken from the select, also with a subquery in it
SELECT toFloat64OrNull(leftPad('', 3)) AS a, 0 IN (SELECT user_id FROM events WHERE duration > 1000) AS b FROM events WHERE project_id = 900 ORDER BY a, b;
