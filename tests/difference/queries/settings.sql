-- null-for-empty: aggregates of no rows are NULL where the setting says so, and counts are 0
SELECT sum(duration) AS s, avg(duration) AS a, max(scope) AS m, any(source) AS y, count() AS n, uniqExact(user_id) AS u, groupArray(duration) AS l, sumIf(duration, duration > 5) AS i, sumOrDefault(duration) AS d
FROM events WHERE scope = 'none' SETTINGS aggregate_functions_null_for_empty = 1;

-- null-for-empty-groups: of groups with rows there is no NULL
SELECT source, sum(duration) AS s, countIf(duration > 5) AS n FROM events GROUP BY source ORDER BY source SETTINGS aggregate_functions_null_for_empty = 1;

-- session-zone: a text without a zone is of the session's
SELECT count() AS n FROM events WHERE timestamp >= toDateTime('2026-06-12 00:00:00') SETTINGS session_timezone = 'America/New_York';

-- session-zone-parts: hours, days and numbers of such times
SELECT toHour(toDateTime('2026-06-12 10:00:00')) AS h, toUnixTimestamp(toDateTime('2026-06-12 10:00:00')) AS u, toDate(toDateTime(1781251200)) AS d, toString(toDateTime(1781251200)) AS s, toDateTime('2026-06-12 10:00:00') AS t, toStartOfDay(toDateTime(1781251200)) AS m, toDateTime(toDate('2026-06-12')) AS x, toDate(1781222400) AS y, toTypeName(toDateTime(0)) AS z SETTINGS session_timezone = 'Asia/Tokyo';

-- session-zone-of-dates: a date begins at the session's midnight
SELECT toUnixTimestamp(toDate('2026-06-12')) AS u, toDate('2026-06-12') + INTERVAL 3 HOUR AS h, dateDiff('hour', toDate('2026-06-12'), toDateTime('2026-06-12 05:00:00')) AS d, toDate('2026-06-12') = toDateTime('2026-06-12 00:00:00') AS e, toStartOfDay(toDate('2026-06-12')) AS s SETTINGS session_timezone = 'Europe/Berlin';

-- session-zone-beside-a-column: a column's own zone stays
SELECT toHour(timestamp) AS h, toDate(timestamp) AS d, toString(timestamp) AS s, timestamp AS t FROM events ORDER BY timestamp, obj_id LIMIT 5 SETTINGS session_timezone = 'Asia/Tokyo';

-- session-zone-buckets: buckets of times without a zone
SELECT toStartOfInterval(toDateTime(1781251200 + number * 5000), INTERVAL 6 HOUR) AS b, toMonday(toDateTime(1781251200 + number * 50000)) AS m, formatDateTime(toDateTime(1781251200 + number), '%F %T') AS f, toDateTime(1781251200) + INTERVAL number DAY AS p FROM numbers(20) SETTINGS session_timezone = 'America/New_York';

-- limit-and-offset: settings on top of the clauses
SELECT number FROM numbers(20) LIMIT 5 OFFSET 2 SETTINGS limit = 10, offset = 1;

-- limit-alone: a limit without a clause
SELECT scope, timestamp, obj_id FROM events ORDER BY timestamp, obj_id, scope SETTINGS limit = 3;

-- offset-beside-limit: what an offset leaves of a limit
SELECT number FROM numbers(20) LIMIT 5 SETTINGS offset = 3;

-- unaligned-arrays: the shorter array is filled
SELECT x, y, z FROM (SELECT [1, 2, 3] AS a, ['x'] AS s, [NULL, 1] AS n) ARRAY JOIN a AS x, s AS y, n AS z SETTINGS enable_unaligned_array_join = 1;

-- join-use-nulls: what a join leaves out is NULL
SELECT a.k AS k, a.x AS x, b.y AS y, toTypeName(b.y) AS t FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a LEFT JOIN (SELECT number AS k, 'b' AS y FROM numbers(2)) AS b ON a.k = b.k ORDER BY k SETTINGS join_use_nulls = 1;

-- join-use-nulls-full: on both sides
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a FULL JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-left-semi: what the right side brings may be NULL to ClickHouse, though nothing is left out
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a LEFT SEMI JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-right-semi: and the left side's
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a RIGHT SEMI JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-left-anti: which is NULL in all rows
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a LEFT ANTI JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-right-anti: on the left
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a RIGHT ANTI JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-any-left: of any row
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a ANY LEFT JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-any-right: on the left
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a ANY RIGHT JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-any-inner: where nothing is left out
SELECT a.k AS k, b.k AS l, a.x AS x, b.y AS y, toTypeName(a.x) AS t, toTypeName(b.y) AS u FROM (SELECT number AS k, 'a' AS x FROM numbers(3)) AS a ANY INNER JOIN (SELECT number + 1 AS k, 'b' AS y FROM numbers(3)) AS b ON a.k = b.k ORDER BY k, l SETTINGS join_use_nulls = 1;

-- join-use-nulls-semi-using: the column of USING is the kept side's
SELECT k, a.k AS l, b.k AS r, toTypeName(k) AS t, toTypeName(r) AS u FROM (SELECT number AS k FROM numbers(3)) AS a SEMI LEFT JOIN (SELECT number + 1 AS k FROM numbers(3)) AS b USING (k) ORDER BY k SETTINGS join_use_nulls = 1;

-- set-modes: UNION, EXCEPT and INTERSECT without a word
SELECT number % 2 AS x FROM numbers(4) UNION SELECT 1 SETTINGS union_default_mode = 'DISTINCT';

-- union-all-mode: and with all rows
SELECT number % 2 AS x FROM numbers(4) UNION SELECT 1 SETTINGS union_default_mode = 'ALL';

-- iso: times as ISO 8601, dates and texts as before
SELECT timestamp, toDate(timestamp) AS d, toDateTime(timestamp) AS s, toString(timestamp) AS x, [timestamp] AS l FROM events ORDER BY timestamp LIMIT 1 SETTINGS date_time_output_format = 'iso';

-- unix-timestamps: times as seconds
SELECT timestamp, toDate(timestamp) AS d, toDateTime(timestamp) AS s, toString(timestamp) AS x, [timestamp] AS l, toDateTime64('1969-01-02 03:04:05.123', 3) AS before FROM events ORDER BY timestamp LIMIT 1 SETTINGS date_time_output_format = 'unix_timestamp';

-- quoted-denormals: what is no number, in quotes
SELECT nan AS x, 1 / 0 AS y, [nan, 1.5] AS z SETTINGS output_format_json_quote_denormals = 1;

-- quoted-integers: integers of 64 bits, in quotes
SELECT toUInt64(5) AS a, toInt64(-5) AS b, toUInt32(3) AS c, [toInt64(4)] AS d, count() AS n, CAST(NULL AS Nullable(Int64)) AS e FROM numbers(1) SETTINGS output_format_json_quote_64bit_integers = 1;

-- harmless: settings that change nothing
SELECT count() AS n FROM events SETTINGS max_threads = 2, max_memory_usage = '10G', log_comment = 'x', optimize_move_to_prewhere = 0, join_use_nulls = 0;

-- harmless-in-a-subquery: nor do they there
SELECT n FROM (SELECT count() AS n FROM events SETTINGS max_threads = 1) SETTINGS max_block_size = 100;

-- the-server: what a server says of itself
SELECT version() AS v, currentDatabase() AS d, timezone() AS t SETTINGS session_timezone = 'Asia/Tokyo';

-- in-an-array: an array stands for its elements
SELECT count() AS n FROM events WHERE job_id IN [3, 5] AND scope NOT IN ['load:job', 'it''s'];
-- join-use-nulls-using: of each side
SELECT k, a.k AS l, b.k AS r, toTypeName(k) AS t, toTypeName(l) AS u, toTypeName(r) AS v FROM (SELECT number AS k FROM numbers(3)) AS a LEFT JOIN (SELECT number + 1 AS k FROM numbers(3)) AS b USING (k) ORDER BY k SETTINGS join_use_nulls = 1;

-- join-use-nulls-using-right: and of the other
SELECT k, a.k AS l, b.k AS r, toTypeName(k) AS t, toTypeName(l) AS u, toTypeName(r) AS v FROM (SELECT number AS k FROM numbers(3)) AS a RIGHT JOIN (SELECT number + 1 AS k FROM numbers(3)) AS b USING (k) ORDER BY k SETTINGS join_use_nulls = 1;
