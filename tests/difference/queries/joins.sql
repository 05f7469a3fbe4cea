-- who-made-errors: an inner join of two summaries
SELECT a.user_id, a.n AS events, b.n AS errors FROM (SELECT user_id, count() AS n FROM events GROUP BY user_id) AS a
INNER JOIN (SELECT user_id, count() AS n FROM events WHERE scope = 'send:exception' GROUP BY user_id) AS b ON a.user_id = b.user_id ORDER BY a.user_id;

-- unmatched-sides: a left join gives 0 and '' where columns cannot be NULL
SELECT a.day, a.n, b.n AS errors, b.what FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE project_id = 8 GROUP BY day) AS a
LEFT JOIN (SELECT toDate(timestamp) AS day, count() AS n, 'errors' AS what FROM events WHERE project_id = 8 AND scope = 'send:exception' GROUP BY day) AS b ON a.day = b.day ORDER BY a.day;

-- unmatched-nullable: and NULL where they can
SELECT p.id, e.name FROM (SELECT toUInt64(number) AS id FROM numbers(14)) AS p LEFT JOIN (SELECT DISTINCT assumeNotNull(user_id) AS id, user_name AS name FROM events WHERE user_id IS NOT NULL) AS e ON p.id = e.id ORDER BY p.id;

-- using: USING gives one column
SELECT day, drawn, deleted FROM (SELECT toDate(timestamp) AS day, count() AS drawn FROM events WHERE scope = 'draw:object' GROUP BY day) AS a
JOIN (SELECT toDate(timestamp) AS day, count() AS deleted FROM events WHERE scope = 'delete:object' GROUP BY day) AS b USING (day) ORDER BY day;

-- using-without-parentheses: USING day
SELECT day, a.n, b.n AS m FROM (SELECT toMonth(timestamp) AS day, count() AS n FROM events GROUP BY day) AS a JOIN (SELECT toMonth(timestamp) AS day, sum(duration) AS n FROM events GROUP BY day) AS b USING day ORDER BY day;

-- right-and-full: right and full joins
SELECT a.x, b.y FROM (SELECT number AS x FROM numbers(3)) AS a FULL JOIN (SELECT number + 1 AS y FROM numbers(3)) AS b ON a.x = b.y ORDER BY a.x, b.y;

-- right-join: all of the right side
SELECT a.x, b.y, a.t FROM (SELECT number AS x, 'left' AS t FROM numbers(2)) AS a RIGHT JOIN (SELECT number AS y FROM numbers(4)) AS b ON a.x = b.y ORDER BY b.y;

-- cross: every pair
SELECT a.number AS x, b.number AS y FROM numbers(3) AS a CROSS JOIN numbers(2) AS b ORDER BY x, y;

-- comma-join: a comma is a cross join, narrowed by WHERE
SELECT a.scope, b.n FROM (SELECT DISTINCT scope FROM events WHERE scope LIKE 'draw%') AS a, (SELECT scope, count() AS n FROM events GROUP BY scope) AS b WHERE a.scope = b.scope ORDER BY a.scope;

-- any-join: ANY LEFT JOIN takes one match
SELECT a.x, b.y FROM (SELECT number AS x FROM numbers(3)) AS a ANY LEFT JOIN (SELECT 1 AS k, 7 AS y UNION ALL SELECT 1, 7) AS b ON a.x = b.k ORDER BY a.x;

-- nulls-do-not-meet: NULL keys find no partner
SELECT count() FROM (SELECT DISTINCT user_id FROM events) AS a JOIN (SELECT DISTINCT user_id FROM events) AS b ON a.user_id = b.user_id;

-- two-keys: a join on two columns
SELECT a.project_id, a.user_id, a.n, b.n AS m FROM (SELECT project_id, user_id, count() AS n FROM events WHERE source = 'client' GROUP BY project_id, user_id) AS a
JOIN (SELECT project_id, user_id, count() AS n FROM events WHERE source = 'server' GROUP BY project_id, user_id) AS b ON a.project_id = b.project_id AND a.user_id = b.user_id ORDER BY a.project_id, a.user_id;

-- three-tables: joins of joins
SELECT a.number AS x, b.number * 10 AS y, c.number * 100 AS z FROM numbers(5) AS a JOIN numbers(4) AS b ON a.number = b.number LEFT JOIN numbers(2) AS c ON b.number = c.number ORDER BY x;

-- self-join: events beside themselves
SELECT count() FROM (SELECT job_id, obj_id FROM events WHERE scope = 'merge:objects') AS a JOIN (SELECT job_id, obj_id FROM events WHERE scope = 'split:objects') AS b ON a.job_id = b.job_id;

-- unmatched-dates: an unmatched date is 1970-01-01
SELECT a.number AS n, b.d, b.t FROM numbers(2) AS a LEFT JOIN (SELECT toUInt64(0) AS k, toDate('2026-06-01') AS d, toDateTime('2026-06-01 10:00:00') AS t) AS b ON a.number = b.k ORDER BY n;

-- semi-join: the rows that have a partner, once each, with that one's columns
SELECT * FROM (SELECT number % 3 AS k, number AS v FROM numbers(6)) AS a LEFT SEMI JOIN (SELECT number AS k, 'x' AS w FROM numbers(2)) AS b ON a.k = b.k ORDER BY v;

-- semi-join-of-other-conditions: and what else is said of them
SELECT v FROM (SELECT number % 3 AS k, number AS v FROM numbers(6)) AS a SEMI LEFT JOIN (SELECT number AS k, number AS w FROM numbers(3)) AS b ON a.k = b.k AND a.v > b.w + 1 AND b.w < 2 ORDER BY v;

-- semi-join-using: USING, on the right side
SELECT * FROM (SELECT number AS k FROM numbers(3)) AS a RIGHT SEMI JOIN (SELECT number % 4 AS k, number AS w FROM numbers(8)) AS b USING (k) ORDER BY w;

-- semi-join-of-alternatives: OR
SELECT a.k FROM (SELECT number AS k FROM numbers(6)) AS a LEFT SEMI JOIN (SELECT 1 AS k, 4 AS c) AS b ON a.k = b.k OR a.k = b.c ORDER BY a.k;

-- anti-join: the rows that have none, with defaults
SELECT * FROM (SELECT number AS k FROM numbers(3)) AS a LEFT ANTI JOIN (SELECT 1 AS k, 'x' AS w, toNullable(5) AS n, toDate('2026-06-01') AS d) AS b ON a.k = b.k ORDER BY k;

-- anti-join-right: on the right side, in both orders of the words
SELECT * FROM (SELECT number AS k, 'l' AS v FROM numbers(2)) AS a ANTI RIGHT JOIN (SELECT number AS k FROM numbers(4)) AS b USING (k) ORDER BY k;

-- anti-join-of-nulls: NULL has no partner
SELECT a.x, b.x FROM (SELECT nullIf(number, 0) AS x FROM numbers(3)) AS a LEFT ANTI JOIN (SELECT nullIf(number, 0) AS x FROM numbers(2)) AS b ON a.x = b.x ORDER BY a.x;

-- anti-join-of-events: who never made an error, over two keys
SELECT count(), max(b.n) FROM (SELECT DISTINCT user_id, project_id FROM events) AS a LEFT ANTI JOIN (SELECT user_id, project_id, count() AS n FROM events WHERE scope = 'send:exception' GROUP BY user_id, project_id) AS b ON a.user_id = b.user_id AND a.project_id = b.project_id;

-- any-inner-join: one pair for each key
SELECT k FROM (SELECT number % 3 AS k FROM numbers(7)) AS a ANY INNER JOIN (SELECT number % 2 AS k FROM numbers(9)) AS b ON a.k = b.k ORDER BY k;

-- any-right-join: all of the right side, with one partner
SELECT * FROM (SELECT number % 3 AS k FROM numbers(7)) AS a RIGHT ANY JOIN (SELECT number % 4 AS k, number AS w FROM numbers(6)) AS b ON a.k = b.k ORDER BY w;

-- any-join-with-conditions: of the sides alone, and of both
SELECT v, b.k, w FROM (SELECT number % 3 AS k, number AS v FROM numbers(7)) AS a ANY LEFT JOIN (SELECT number % 3 AS k, number AS w FROM numbers(3)) AS b ON a.k = b.k AND b.w > 0 AND a.v < 6 ORDER BY v;

-- any-join-by-two: a condition of both sides
SELECT v, b.k FROM (SELECT number % 3 AS k, number AS v FROM numbers(7)) AS a ANY LEFT JOIN (SELECT number % 3 AS k, number AS w FROM numbers(9)) AS b ON a.k = b.k AND a.v < b.w ORDER BY v;

-- any-join-of-alternatives: OR
SELECT a.x, b.y FROM (SELECT 6 AS x, 4 AS k) AS a ANY LEFT JOIN (SELECT 6 AS x2, 4 AS k2, 1 AS y UNION ALL SELECT 7, 4, 1) AS b ON a.x = b.x2 OR a.k = b.k2;

-- any-join-of-events: the scopes of who saved a job
SELECT count(), sum(b.n) FROM (SELECT user_id FROM events WHERE scope = 'save:job') AS a ANY LEFT JOIN (SELECT user_id, count() AS n FROM events GROUP BY user_id) AS b USING (user_id);

-- asof-join: the state that a job had when it was entered
SELECT a.job_id AS job, a.timestamp AS entered, b.state FROM (SELECT job_id, timestamp FROM events WHERE scope = 'load:job' AND job_id < 400) AS a
ASOF LEFT JOIN (SELECT job_id, timestamp, max(obj_val) AS state FROM events WHERE scope = 'update:job' GROUP BY job_id, timestamp) AS b ON a.job_id = b.job_id AND a.timestamp >= b.timestamp ORDER BY job, entered, b.state;

-- asof-comparisons: all four of them
SELECT a.t AS t, b.t AS ge, c.t AS gt, d.t AS le, e.t AS lt FROM (SELECT 1 AS k, number AS t FROM numbers(7)) AS a
ASOF LEFT JOIN (SELECT 1 AS k, number * 2 + 1 AS t FROM numbers(3)) AS b ON a.k = b.k AND a.t >= b.t
ASOF LEFT JOIN (SELECT 1 AS k, number * 2 + 1 AS t FROM numbers(3)) AS c ON a.k = c.k AND a.t > c.t
ASOF LEFT JOIN (SELECT 1 AS k, number * 2 + 1 AS t FROM numbers(3)) AS d ON a.k = d.k AND d.t >= a.t
ASOF LEFT JOIN (SELECT 1 AS k, number * 2 + 1 AS t FROM numbers(3)) AS e ON a.k = e.k AND a.t < e.t ORDER BY t;

-- asof-using: the last column of USING is compared
SELECT * FROM (SELECT number % 2 AS k, number AS t FROM numbers(8)) AS a ASOF JOIN (SELECT number % 2 AS k, number * 3 AS t, 'x' AS v FROM numbers(3)) AS b USING (k, t) ORDER BY t;

-- asof-with-conditions: of one side
SELECT a.t AS t, b.t AS found FROM (SELECT 1 AS k, number AS t FROM numbers(7)) AS a LEFT ASOF JOIN (SELECT 1 AS k, number * 2 AS t FROM numbers(3)) AS b ON a.k = b.k AND b.t <= a.t AND b.t < 4 AND a.t != 5 ORDER BY t;

-- asof-of-null: NULL has no neighbour
SELECT a.t AS t, b.t AS found FROM (SELECT 1 AS k, nullIf(number, 2) AS t FROM numbers(4)) AS a ASOF LEFT JOIN (SELECT 1 AS k, nullIf(number, 1) AS t FROM numbers(3)) AS b ON a.k = b.k AND a.t >= b.t ORDER BY t, found;

-- keys-that-are-tuples: within a tuple NULL meets NULL
SELECT a.k AS l, b.k AS r FROM (SELECT nullIf(number, 1) AS k FROM numbers(3)) AS a LEFT JOIN (SELECT nullIf(number, 1) AS k FROM numbers(2)) AS b ON tuple(a.k) = tuple(b.k) ORDER BY l;

-- keys-that-are-no-numbers: and NaN meets NaN
SELECT count() FROM (SELECT number / number AS k FROM numbers(3)) AS a JOIN (SELECT number / number AS k FROM numbers(2)) AS b ON a.k = b.k;

-- both-null: NULL on both sides, as people write it
SELECT a.x IS NULL AS n, count() FROM (SELECT nullIf(number, 1) AS x FROM numbers(3)) AS a JOIN (SELECT nullIf(number, 1) AS x FROM numbers(3)) AS b ON a.x = b.x OR (a.x <> b.x AND a.x IS NULL AND b.x IS NULL) GROUP BY n ORDER BY n;

-- comma-and-join: a comma binds no looser than JOIN
SELECT * FROM (SELECT number AS n FROM numbers(2)) AS n1, (SELECT number AS n FROM numbers(3)) AS n2 RIGHT JOIN (SELECT number AS n FROM numbers(4)) AS n3 ON n2.n = n3.n ORDER BY 1, 2, 3;

-- using-of-full: a day that one of both sides has
SELECT day, a.n AS ours, b.n AS theirs FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE project_id = 8 GROUP BY day) AS a FULL JOIN (SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE project_id = 9 GROUP BY day) AS b USING (day) ORDER BY day;

-- using-of-full-texts: and of texts and numbers that can be NULL
SELECT source, k, count() AS n FROM (SELECT source, user_id AS k FROM events WHERE scope = 'load:job' GROUP BY source, k) AS a FULL JOIN (SELECT user_id AS k, source FROM events WHERE scope = 'create:job' GROUP BY k, source) AS b USING (source, k) GROUP BY source, k ORDER BY source, k;

-- using-twice: three tables, one column
SELECT * FROM (SELECT number AS k, 1 AS x FROM numbers(3)) AS a LEFT JOIN (SELECT number AS k, 2 AS x FROM numbers(2)) AS b USING (k) RIGHT JOIN (SELECT number + 1 AS k, 3 AS x FROM numbers(3)) AS c USING (k) ORDER BY k;

-- using-of-widths: the column has the type that both sides have in common
SELECT k, a.k AS l, b.k AS r, toTypeName(k) AS t FROM (SELECT toUInt8(number) AS k FROM numbers(3)) AS a JOIN (SELECT toInt32(number) AS k FROM numbers(2)) AS b USING k ORDER BY k;

-- two-arrays: a number beside each element
SELECT x, i FROM (SELECT ['a', 'b'] AS list) ARRAY JOIN list AS x, arrayEnumerate(list) AS i, [7, 8] AS j ORDER BY i;

-- array-of-with: an array that WITH names
WITH [1, 2, 3] AS steps SELECT step, count() AS n FROM numbers(2) ARRAY JOIN steps AS step GROUP BY step ORDER BY step;

-- using-of-null-on-one-side: where the side without NULL has all rows
SELECT user_id, n, nick FROM (SELECT user_id, count() AS n FROM events WHERE project_id = 7 GROUP BY user_id) AS a LEFT JOIN (SELECT toUInt64(3) AS user_id, 'x' AS nick) AS b USING (user_id) ORDER BY user_id;

-- elements-of-a-side: elements of a table's tuples and arrays
SELECT a.t.1, b.t.2, a.list[1] + 1, b.list[2] FROM (SELECT (1, 'a') AS t, [1, 2] AS list) AS a JOIN (SELECT (1, 'b') AS t, [3, 4] AS list) AS b ON a.t.1 = b.t.1 AND a.list[1] < b.list[1];
