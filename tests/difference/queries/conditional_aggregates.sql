-- how-many-errors: countIf counts the rows for which the condition holds
SELECT countIf(scope = 'send:exception') AS errors, countIf(user_id, source = 'client') AS known, count() AS all FROM events;

-- every-if: sumIf, avgIf, minIf, maxIf side by side
SELECT sumIf(duration, scope = 'change:frame') AS s, avgIf(duration, scope = 'change:frame') AS a,
       minIf(duration, scope = 'change:frame') AS lo, maxIf(duration, scope = 'change:frame') AS hi FROM events;

-- distinct-if: uniqIf and uniqExactIf, of one column and of two
SELECT uniqIf(user_id, source = 'client') AS u, uniqExactIf(user_id, source = 'server') AS x, uniqExactIf(user_id, task_id, duration > 0) AS pairs FROM events;

-- error-rate-by-project: a ratio of two counts
SELECT project_id, round(100 * countIf(scope = 'send:exception') / count(), 2) AS percent FROM events GROUP BY project_id ORDER BY project_id;

-- if-that-never-holds: where no row fits, non-nullable columns give 0, nan and empty text, nullable ones NULL
SELECT scope, sumIf(duration, duration > 4294967295) AS s, avgIf(duration, duration > 4294967295) AS a, minIf(duration, duration > 4294967295) AS lo,
       maxIf(timestamp, duration > 4294967295) AS t, anyIf(source, duration > 4294967295) AS any_source, anyIf(user_id, duration > 4294967295) AS any_user,
       sumIf(count, duration > 4294967295) AS sum_count, avgIf(count, duration > 4294967295) AS avg_count
FROM events WHERE scope IN ('draw:object', 'click:element') GROUP BY scope ORDER BY scope;

-- null-condition: a NULL condition does not count
SELECT countIf(user_id > 3) AS big, countIf(user_id <= 3) AS small, countIf(user_id IS NULL) AS none, countIf(NULL) AS never FROM events;

-- lists-if: groupArrayIf and groupUniqArrayIf
SELECT source, arraySort(groupUniqArrayIf(project_id, duration > 4000000000)) AS slow, arraySort(groupArrayIf(obj_id, duration = 4294967295 AND project_id = 8)) AS extreme
FROM events GROUP BY source ORDER BY source;

-- newest-if: argMaxIf and argMinIf
SELECT user_id, argMaxIf(obj_id, obj_id, scope = 'draw:object') AS newest, argMinIf(obj_id, obj_id, scope = 'draw:object') AS oldest
FROM events GROUP BY user_id ORDER BY user_id;

-- quantile-if: the parameter first, the condition last
SELECT quantileIf(0.9)(duration, scope = 'change:frame') AS p90, medianIf(duration, scope = 'change:frame') AS m, quantileExactIf(0.9)(duration, scope = 'change:frame') AS exact
FROM events;

-- pivot: a small table of counts, one column a kind of work
SELECT toDate(timestamp) AS day, countIf(scope LIKE 'draw:%') AS drawn, countIf(scope LIKE 'delete:%') AS deleted, countIf(scope LIKE 'change:%') AS changed
FROM events WHERE timestamp >= '2026-08-01 00:00:00' AND timestamp < '2026-08-15 00:00:00' GROUP BY day ORDER BY day;

-- filter-clause: SQL's own FILTER means the same
SELECT count(*) FILTER (WHERE source = 'server') AS n, sum(duration) FILTER (WHERE scope = 'change:frame') AS s FROM events;

-- condition-from-a-number: a condition may be a number, and then not 0 holds
SELECT countIf(duration % 2) AS odd, sumIf(1, duration % 2 = 0) AS even FROM events WHERE scope = 'change:frame';

-- nested-conditions: an aggregate over multiIf
SELECT sum(multiIf(scope = 'draw:object', 3, scope = 'change:label', 2, source = 'server', 0, 1)) AS points FROM events;
