-- ranks: row_number, rank and dense_rank
SELECT scope, n, row_number() OVER (ORDER BY n DESC, scope) AS row, rank() OVER (ORDER BY n DESC) AS rank, dense_rank() OVER (ORDER BY n DESC) AS dense FROM (SELECT scope, count() AS n FROM events GROUP BY scope) ORDER BY row;

-- running-total: a sum up to each day
SELECT day, n, sum(n) OVER (ORDER BY day) AS total FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events GROUP BY day) ORDER BY day;

-- moving-average: seven days back
SELECT day, n, avg(n) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS mean FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events GROUP BY day) ORDER BY day;

-- day-over-day: lagInFrame gives the default where there is no row before
SELECT day, n, n - lagInFrame(n) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS change FROM (SELECT toDate(timestamp) AS day, toInt64(count()) AS n FROM events GROUP BY day) ORDER BY day;

-- lag-and-lead: with distance and default, within partitions
SELECT user_id, month, n, lagInFrame(n, 1, 0) OVER w AS before, leadInFrame(n, 1, 0) OVER w AS after FROM (SELECT user_id, toMonth(timestamp) AS month, count() AS n FROM events WHERE user_id < 5 GROUP BY user_id, month)
WINDOW w AS (PARTITION BY user_id ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY user_id, month;

-- sql-lag: SQL's own lag and lead have ClickHouse's defaults, too
SELECT day, lag(n) OVER (ORDER BY day) AS before, lead(n) OVER (ORDER BY day) AS after FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE project_id = 8 GROUP BY day) ORDER BY day;

-- lag-of-nullable: of a nullable column the default is NULL
SELECT obj_id, lagInFrame(user_id) OVER (ORDER BY timestamp, obj_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before FROM events WHERE scope = 'restore:job' AND obj_id IS NOT NULL ORDER BY timestamp, obj_id;

-- share-of-project: a sum over a partition without an order
SELECT project_id, source, n, n / sum(n) OVER (PARTITION BY project_id) AS share FROM (SELECT project_id, source, count() AS n FROM events GROUP BY project_id, source) ORDER BY project_id, source;

-- first-and-last-of-partition: first_value and last_value
SELECT project_id, day, first_value(n) OVER (PARTITION BY project_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first, last_value(n) OVER (PARTITION BY project_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last
FROM (SELECT project_id, toMonday(timestamp) AS day, count() AS n FROM events WHERE project_id < 4 GROUP BY project_id, day) ORDER BY project_id, day;

-- quartiles: ntile
SELECT scope, n, ntile(4) OVER (ORDER BY n, scope ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS quarter FROM (SELECT scope, count() AS n FROM events GROUP BY scope) ORDER BY n, scope;

-- named-window: one window, used twice
SELECT month, n, sum(n) OVER w AS total, max(n) OVER w AS most FROM (SELECT toMonth(timestamp) AS month, count() AS n FROM events GROUP BY month) WINDOW w AS (ORDER BY month) ORDER BY month;

-- range-frame: rows with the same key belong together
SELECT project_id, n, sum(n) OVER (ORDER BY project_id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM (SELECT project_id, source, count() AS n FROM events WHERE project_id IS NOT NULL GROUP BY project_id, source) ORDER BY project_id, n;

-- window-over-aggregate: a window over what GROUP BY made
SELECT toMonth(timestamp) AS month, count() AS n, sum(count()) OVER (ORDER BY toMonth(timestamp)) AS total FROM events GROUP BY month ORDER BY month;

-- counting-sessions: a gap of more than an hour begins a session
SELECT user_id, countIf(gap > 3600) + 1 AS sessions FROM (SELECT user_id, toUnixTimestamp(timestamp) - lagInFrame(toUnixTimestamp(timestamp), 1, toUnixTimestamp(timestamp)) OVER (PARTITION BY user_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS gap FROM events WHERE user_id > 4)
GROUP BY user_id ORDER BY user_id;

-- running-difference: the difference from the row before
SELECT day, n, runningDifference(n) AS change FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events WHERE project_id = 5 GROUP BY day ORDER BY day) ORDER BY day SETTINGS allow_deprecated_error_prone_window_functions = 1;

-- distinct-over: a distinct count and a quantile over a partition
SELECT project_id, user_id, uniqExact(task_id) OVER (PARTITION BY project_id) AS tasks, max(duration) OVER (PARTITION BY project_id) AS longest FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id, project_id;

-- conditional-over: an -If aggregate over a window
SELECT day, countIf(n > 200) OVER (ORDER BY day) AS busy, sumIf(n, n > 200) OVER (ORDER BY day) AS in_busy FROM (SELECT toDate(timestamp) AS day, count() AS n FROM events GROUP BY day) ORDER BY day;
