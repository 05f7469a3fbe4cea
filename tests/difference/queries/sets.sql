-- union-all: one after the other
SELECT 'client' AS who, count() AS n FROM events WHERE source = 'client' UNION ALL SELECT 'server', count() FROM events WHERE source = 'server';

-- union-distinct: without repeats
SELECT scope FROM events WHERE project_id = 1 UNION DISTINCT SELECT scope FROM events WHERE project_id = 2;

-- union-ordered: ordered from outside
SELECT * FROM (SELECT 'a' AS k, count() AS n FROM events UNION ALL SELECT 'b', uniqExact(user_id) FROM events UNION ALL SELECT 'c', 0) ORDER BY k;

-- types-meet: branches of a union meet in a common type
SELECT x, toTypeName(x) AS t FROM (SELECT 1 AS x UNION ALL SELECT 300 UNION ALL SELECT NULL) ORDER BY x;

-- order-binds-to-the-last: ORDER BY and LIMIT belong to the last branch only
SELECT number AS n FROM numbers(2) UNION ALL SELECT number + 10 FROM numbers(5) ORDER BY number DESC LIMIT 2;

-- intersect: what both have
SELECT user_id FROM events WHERE scope = 'delete:task' INTERSECT SELECT user_id FROM events WHERE scope = 'create:task';

-- except: what only the first has
SELECT DISTINCT task_id FROM events WHERE task_id IS NOT NULL EXCEPT SELECT task_id FROM events WHERE scope = 'delete:task';

-- union-in-with: a union as a named query
WITH u AS (SELECT user_id AS id, 'user' AS kind FROM events WHERE user_id < 3 UNION DISTINCT SELECT project_id, 'project' FROM events WHERE project_id < 3) SELECT kind, id FROM u ORDER BY kind, id;

-- filled-union: aggregates over a union
SELECT kind, sum(n) AS n FROM (SELECT 'a' AS kind, count() AS n FROM events UNION ALL SELECT 'a', 1 UNION ALL SELECT 'b', 2) GROUP BY kind ORDER BY kind;

-- tuples-with-null: NULL is in no set
SELECT countIf((user_id, job_id) IN ((NULL, 5), (3, 312))) AS a, countIf((user_id, job_id) NOT IN ((NULL, 5), (3, 312))) AS b, countIf((user_id, obj_val) NOT IN ((3, NULL), (5, NULL))) AS c, count() AS n FROM events;

-- tuples-of-null: nor are tuples of it
SELECT (NULL, NULL) IN ((NULL, 0), (NULL, NULL)) AS a, (nullIf(number, 2), number) IN ((1, 1), (NULL, 2)) AS b, (number, nullIf(number, 0)) NOT IN ((0, NULL), (1, 1)) AS c FROM numbers(3);

-- tuples-in-a-subquery: the same of what is selected
SELECT countIf((user_id, job_id) IN (SELECT user_id, job_id FROM events)) AS a, countIf((user_id, job_id) NOT IN (SELECT user_id, job_id FROM events)) AS b FROM events;

-- nulls-that-are-computed: constants that can be NULL
SELECT number IN (nullIf(1, 1), 1) AS a, number NOT IN (nullIf(1, 1), 1) AS b, nullIf(number, 2) NOT IN (toNullable(1), 0) AS c, (number, 1) NOT IN ((nullIf(1, 1), 1), (1, 1)) AS d FROM numbers(3);

-- null-in-nothing: NULL and a set of no rows
SELECT nullIf(number, 1) IN (SELECT number FROM numbers(0)) AS a, nullIf(number, 1) NOT IN (SELECT number FROM numbers(0)) AS b FROM numbers(3);

-- one-tuple: a list that is one
SELECT (number, 2) IN (1, 2) AS a, (number, 2) IN ((1, 2), (3, NULL)) AS b FROM numbers(3);

-- arrays-in-a-set: lists of lists
SELECT [1] IN ([1], [2]) AS a, [1, NULL] IN ([1, NULL]) AS b, [1, 2] IN [[1, 2]] AS c;

-- fractions-in-sets-of-integers: are none of them
SELECT countIf((user_id + 0.1) IN (SELECT user_id FROM events)), countIf((user_id + 0.0) IN (SELECT user_id FROM events)), countIf((user_id + 0.5, project_id) IN (SELECT user_id, project_id FROM events)), countIf(toDecimal64(user_id, 1) + toDecimal64(0.5, 1) IN (SELECT user_id FROM events)), countIf(user_id IN (SELECT user_id + 0.5 FROM events)) FROM events WHERE scope = 'send:exception' AND user_id IS NOT NULL;
