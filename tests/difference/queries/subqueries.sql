-- filtered-twice: a query over a query
SELECT max(n) AS busiest FROM (SELECT user_id, count() AS n FROM events GROUP BY user_id);

-- scalar: a query as a value
SELECT count() AS n, round(100 * n / (SELECT count() FROM events), 2) AS percent FROM events WHERE source = 'server';

-- scalar-of-nothing: a query without rows is NULL as a value
SELECT (SELECT user_id FROM events WHERE scope = 'no:such') AS nobody, (SELECT max(duration) FROM events WHERE scope = 'no:such') AS nothing;

-- in-subquery: ids from another query
SELECT uniqExact(job_id) AS jobs FROM events WHERE task_id IN (SELECT task_id FROM events WHERE scope = 'delete:task');

-- with: a named query, used twice
WITH by_user AS (SELECT user_id, count() AS n FROM events GROUP BY user_id) SELECT user_id, n, n / (SELECT sum(n) FROM by_user) AS share FROM by_user ORDER BY n DESC, user_id;

-- with-chain: a named query of a named query
WITH a AS (SELECT toDate(timestamp) AS day, count() AS n FROM events GROUP BY day), b AS (SELECT toMonday(day) AS week, sum(n) AS n FROM a GROUP BY week) SELECT week, n FROM b ORDER BY week;

-- with-expression: ClickHouse's WITH expression AS name
WITH 3600000 AS hour, 'send:working_time' AS what SELECT sum(JSONExtractUInt(payload, 'working_time')) / hour AS hours FROM events WHERE scope = what;

-- with-expression-of-columns: a named expression over columns
WITH toHour(timestamp) AS h SELECT h, count() FROM events WHERE h >= 20 GROUP BY h ORDER BY h;

-- with-scalar: WITH (SELECT …) AS name
WITH (SELECT avg(duration) FROM events WHERE scope = 'change:frame') AS mean SELECT countIf(duration > mean) AS above, countIf(duration <= mean) AS below FROM events WHERE scope = 'change:frame';

-- exists: EXISTS of a query
SELECT EXISTS (SELECT 1 FROM events WHERE scope = 'delete:task') AS yes, EXISTS (SELECT 1 FROM events WHERE scope = 'no:such') AS no;

-- three-levels: queries in queries in queries
SELECT avg(people) AS mean FROM (SELECT day, uniqExact(user_id) AS people FROM (SELECT toDate(timestamp) AS day, user_id FROM events WHERE user_id IS NOT NULL) GROUP BY day);

-- star-of-a-subquery: * of a query, and * with an exception
SELECT * FROM (SELECT scope, source, count() AS n FROM events WHERE scope LIKE '%task' GROUP BY scope, source) ORDER BY scope, source;

-- everything-but: * EXCEPT drops columns
SELECT * EXCEPT (payload, user_email) FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id LIMIT 5;

-- everything: all columns of the events
SELECT * FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id, job_id, task_id;

-- prewhere: PREWHERE is a WHERE that comes first
SELECT count() FROM events PREWHERE scope = 'draw:object' WHERE duration > 0;

-- distinct: rows without repeats
SELECT DISTINCT source, org_slug FROM events ORDER BY source, org_slug;

-- distinct-on: the first row of each key
SELECT DISTINCT ON (org_id) org_id, obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY org_id, obj_id;

-- numbers: the table function numbers, alone and with an offset
SELECT number, number * number AS square FROM numbers(3, 5) ORDER BY number;

-- calendar: days made from numbers, with the events of each
SELECT d.day, e.n FROM (SELECT toDate('2026-05-30') + number AS day FROM numbers(5)) AS d LEFT JOIN (SELECT toDate(timestamp) AS day, count() AS n FROM events GROUP BY day) AS e ON d.day = e.day ORDER BY d.day;

-- nothing-from: a query without FROM
SELECT 1 AS one, 'x' AS x;

-- limits: LIMIT and OFFSET in three spellings
SELECT obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY obj_id LIMIT 3 OFFSET 100;

-- limit-with-a-comma: LIMIT offset, number
SELECT obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY obj_id LIMIT 100, 3;

-- offset-fetch: OFFSET … FETCH
SELECT obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY obj_id OFFSET 5 ROWS FETCH FIRST 2 ROWS ONLY;

-- settings: SETTINGS and FORMAT at the end change nothing
SELECT count() AS n FROM events SETTINGS max_threads = 1;

-- database-and-table: the table with its database
SELECT count() FROM cvat.events;

-- recent-jobs: the working set of each user, in a chain of queries
WITH recent AS (SELECT user_id, job_id, max(timestamp) AS last FROM events WHERE job_id IS NOT NULL AND user_id < 10 GROUP BY user_id, job_id)
SELECT user_id, count() AS jobs, max(last) AS latest FROM recent WHERE last >= toDateTime('2026-08-01 00:00:00') GROUP BY user_id ORDER BY user_id;
