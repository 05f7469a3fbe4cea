-- fill-hours: hours without events appear with 0
SELECT toStartOfHour(timestamp) AS hour, count() AS n FROM events WHERE user_id = 12 AND toDate(timestamp) BETWEEN '2026-07-01' AND '2026-07-05' GROUP BY hour ORDER BY hour WITH FILL STEP INTERVAL 1 HOUR;

-- fill-days: the step of a date is a day
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE user_id = 9007199254740993 GROUP BY day ORDER BY day WITH FILL;

-- fill-from-to: FROM and TO widen the range, TO excluded
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE user_id = 300 GROUP BY day ORDER BY day WITH FILL FROM toDate('2026-05-30') TO toDate('2026-09-02');

-- fill-every-three-days: a step of an interval
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE scope = 'restore:job' GROUP BY day ORDER BY day WITH FILL FROM toDate('2026-06-01') TO toDate('2026-07-01') STEP INTERVAL 3 DAY;

-- fill-numbers: holes in numbers
SELECT number * 3 AS n FROM numbers(4) ORDER BY n WITH FILL;

-- fill-with-a-step: a step of numbers
SELECT number * 10 AS n, 'given' AS what FROM numbers(3) ORDER BY n WITH FILL FROM 0 TO 31 STEP 5;

-- fill-seconds: a number as the step of a DateTime is seconds
SELECT toStartOfInterval(timestamp, INTERVAL 15 minute) AS time, count() AS n FROM events WHERE user_id = 1 AND toDate(timestamp) = '2026-07-01' GROUP BY time ORDER BY time WITH FILL STEP 900;

-- fill-nullable: filled rows have NULL in nullable columns, defaults in the others
SELECT toDate(timestamp) AS day, max(user_id) AS user, max(user_name) AS name, any('x') AS text, sum(duration) AS d FROM events WHERE scope = 'restore:job' GROUP BY day ORDER BY day WITH FILL;

-- fill-and-interpolate: INTERPOLATE carries the last value on
SELECT toDate(timestamp) AS day, count() AS n, sum(duration) AS d FROM events WHERE scope = 'restore:job' GROUP BY day ORDER BY day WITH FILL INTERPOLATE (n);

-- fill-before-limit: LIMIT counts the filled rows
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE scope = 'restore:job' GROUP BY day ORDER BY day WITH FILL LIMIT 10;

-- fill-weeks: filling whole weeks
SELECT toMonday(timestamp) AS week, count() AS n FROM events WHERE project_id = 900 GROUP BY week ORDER BY week WITH FILL STEP INTERVAL 1 WEEK;

-- fill-months: filling months
SELECT toStartOfMonth(timestamp) AS month, count() AS n FROM events WHERE project_id = 900 GROUP BY month ORDER BY month WITH FILL STEP INTERVAL 1 MONTH;

-- fill-in-a-subquery: filled rows count as rows outside
SELECT count() AS hours, countIf(n = 0) AS quiet FROM (SELECT toStartOfHour(timestamp) AS hour, count() AS n FROM events WHERE user_id = 2 GROUP BY hour ORDER BY hour WITH FILL STEP INTERVAL 1 HOUR);

-- fill-by-function: the step as toIntervalMinute(30), the range as times
SELECT toStartOfInterval(timestamp, INTERVAL 30 MINUTE) AS t, uniqExact(user_id) AS people FROM events WHERE toDate(timestamp) = '2026-07-01'
GROUP BY t ORDER BY t WITH FILL FROM toDateTime('2026-07-01 00:00:00') TO toDateTime('2026-07-02 00:00:00') STEP toIntervalMinute(30);

-- fill-nothing: without rows and without bounds there is nothing to fill
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE scope = 'no:such' GROUP BY day ORDER BY day WITH FILL;

-- fill-nothing-with-bounds: with bounds the range is filled, rows or not
SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE scope = 'no:such' GROUP BY day ORDER BY day WITH FILL FROM toDate('2026-06-01') TO toDate('2026-06-08');

-- fill-off-the-grid: rows that are not on the grid stay between its rows
SELECT number * 7 AS n, 1 AS given FROM numbers(5) ORDER BY n WITH FILL FROM 0 TO 30 STEP 5;
