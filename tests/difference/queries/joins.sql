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

-- semi-join: the rows that have a partner, once each
SELECT a.x FROM (SELECT 1 AS x) AS a LEFT SEMI JOIN (SELECT 1 AS x) AS b ON a.x = b.x;

-- anti-join: the rows that have none
SELECT a.x FROM (SELECT 1 AS x) AS a LEFT ANTI JOIN (SELECT 1 AS x) AS b ON a.x = b.x;
