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
