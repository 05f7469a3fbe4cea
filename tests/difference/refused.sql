-- refused: APPLY
SELECT * APPLY(toString) FROM events;

-- refused: COLUMNS
SELECT COLUMNS('user') FROM events;

-- refused: ASOF JOIN without an equality
SELECT a.x FROM (SELECT 1 AS k, 1 AS x) AS a ASOF JOIN (SELECT 1 AS k, 1 AS x) AS b ON a.x >= b.x;

-- refused: ASOF JOIN by other than one comparison
SELECT a.x FROM (SELECT 1 AS k, 1 AS x) AS a ASOF JOIN (SELECT 1 AS k, 1 AS x) AS b ON a.k = b.k;

-- refused: ASOF JOIN by String
SELECT a.x FROM (SELECT 1 AS k, 'a' AS x) AS a ASOF JOIN (SELECT 1 AS k, 'a' AS x) AS b ON a.k = b.k AND a.x >= b.x;

-- refused: ASOF RIGHT JOIN
SELECT a.x FROM (SELECT 1 AS k, 1 AS x) AS a ASOF RIGHT JOIN (SELECT 1 AS k, 1 AS x) AS b ON a.k = b.k AND a.x >= b.x;

-- refused: ASOF JOIN beside ANY
SELECT a.x FROM (SELECT 1 AS k, 1 AS x) AS a ASOF ANY JOIN (SELECT 1 AS k, 1 AS x) AS b ON a.k = b.k AND a.x >= b.x;

-- refused: FULL JOIN
SELECT a.x FROM (SELECT 1 AS x) AS a ANY FULL JOIN (SELECT 1 AS x) AS b ON a.x = b.x;

-- refused: ANY INNER JOIN by more than equalities
SELECT a.x FROM (SELECT 1 AS x) AS a ANY INNER JOIN (SELECT 1 AS x) AS b ON a.x = b.x OR a.x = b.x + 1;

-- refused: ANY or SEMI JOIN of several tables
SELECT a.x, b.x FROM (SELECT 1 AS x) AS a CROSS JOIN (SELECT 1 AS x) AS b ANY RIGHT JOIN (SELECT 1 AS x) AS c ON a.x = c.x;

-- refused: without an equality
SELECT a.x FROM (SELECT 1 AS x) AS a LEFT ANTI JOIN (SELECT 1 AS x) AS b ON a.x < b.x;

-- refused: in ON of an outer join
SELECT a.k FROM (SELECT 1 AS k) AS a LEFT JOIN (SELECT 1 AS k) AS b ON a.k = b.k AND a.k IN (SELECT 1);

-- refused: without an equality
SELECT a.number FROM numbers(3) AS a RIGHT JOIN numbers(3) AS b ON a.number < b.number;

-- refused: without an equality
SELECT a.number FROM numbers(3) AS a LEFT JOIN numbers(3) AS b ON a.number = b.number OR a.number > 1;

-- refused: no common type
SELECT a.number FROM numbers(3) AS a JOIN (SELECT 1.5 AS x) AS b ON a.number = b.x;

-- refused: on one side only
SELECT k, a.k FROM (SELECT 1 AS k) AS a RIGHT JOIN (SELECT toNullable(1) AS k) AS b USING (k);

-- refused: twice in USING
SELECT x FROM (SELECT 1 AS x) AS a JOIN (SELECT 1 AS x) AS b USING (x, x);

-- refused: needs an alias
SELECT * FROM (SELECT 1 AS x) AS a JOIN (SELECT 1 AS x) ON 1;

-- refused: a join in parentheses
SELECT a.x FROM (SELECT 1 AS x) AS a JOIN ((SELECT 1 AS x) AS b JOIN (SELECT 1 AS x) AS c ON b.x = c.x) ON a.x = b.x;

-- refused: several tables
SELECT x FROM (SELECT 1 AS x) AS a CROSS JOIN (SELECT 2 AS x) AS b CROSS JOIN (SELECT 3 AS y) AS c;

-- refused: a second column called x
SELECT 1 AS x, 2 AS x;

-- refused: a subquery without an alias
SELECT EXISTS (SELECT 1);

-- refused: a subquery without an alias
SELECT (SELECT 5) AS a, (SELECT 6);

-- refused: greatest of Array
SELECT greatest([NULL], [0]);

-- refused: NULL cannot be made UInt64
SELECT CAST(NULL, 'UInt64');

-- refused: an interval as a result
SELECT INTERVAL 1 DAY;

-- refused: lambda
WITH x -> x + 1 AS f SELECT f(duration) FROM events;

-- refused: ?
SELECT duration > 5 ? 'slow' : duration > 2 ? 'medium' : 'quick' FROM events;

-- refused: dictGet
SELECT dictGet('names', 'name', user_id) FROM events;

-- refused: sumState
SELECT sumState(duration) FROM events;

-- refused: sumIfOrNull
SELECT sumIfOrNull(duration, duration > 5) FROM events;

-- refused: no common type
SELECT coalesce(user_id, 0.5) FROM events;

-- refused: no common type
SELECT if(duration > 5, [1], NULL) FROM events;

-- refused: arrayJoin of groups
SELECT source, arrayJoin([1, 2]) AS x, count() FROM events GROUP BY source;

-- refused: a Date
SELECT toStartOfInterval(toDate(timestamp), INTERVAL 3 HOUR) FROM events;

-- refused: sumMerge
SELECT sumMerge(x) FROM (SELECT 1 AS x);

-- refused: system
SELECT name FROM system.processes;

-- refused: information_schema
SELECT * FROM information_schema.views;

-- refused: neighbor
SELECT neighbor(duration, 1) FROM events;

-- refused: runningAccumulate
SELECT runningAccumulate(duration) FROM events;

-- refused: FINAL
SELECT count() FROM events FINAL;

-- refused: SAMPLE
SELECT count() FROM events SAMPLE 0.1;

-- refused: WITH FILL
SELECT toDate(timestamp) AS d, count() FROM events GROUP BY d ORDER BY d DESC WITH FILL STEP -1;

-- refused: WITH FILL
SELECT toDate(timestamp) AS d, toHour(timestamp) AS h, count() FROM events GROUP BY d, h ORDER BY d WITH FILL, h WITH FILL;

-- refused: WITH FILL
SELECT source, toDate(timestamp) AS d, count() FROM events GROUP BY source, d ORDER BY source, d WITH FILL;

-- refused: todate
SELECT todate(timestamp) FROM events;

-- refused: COUNTIF
SELECT COUNTIF(duration > 1) FROM events;

-- refused: Scope
SELECT Scope FROM events;

-- refused: UNION
SELECT 1 UNION SELECT 2;

-- refused: duration
SELECT sum(duration) AS duration FROM events WHERE duration > 5;

-- refused: duration
SELECT sum(duration) AS duration, max(duration) AS longest FROM events;

-- refused: obj_val
SELECT count() FROM events WHERE obj_val = 5;

-- refused: user_id
SELECT if(user_id, 1, 2) FROM events;

-- refused: no_such_function
SELECT no_such_function(1);

-- refused: no_such_column
SELECT no_such_column FROM events;

-- refused: no_such_table
SELECT count() FROM no_such_table;

-- refused: JSONExtractArrayRaw
SELECT JSONExtractArrayRaw(payload, 'v') FROM events;

-- refused: INSERT
INSERT INTO events (scope) VALUES ('draw:object');

-- refused: DROP
DROP TABLE events;

-- refused: ALTER
ALTER TABLE events DELETE WHERE 1;

-- refused: SET
SET max_threads = 1;

-- refused: read_csv
SELECT * FROM read_csv('/etc/passwd');

-- refused: url
SELECT * FROM url('http://localhost/', CSV);

-- refused: file
SELECT * FROM file('/etc/passwd', 'LineAsString');

-- refused: INTO OUTFILE
SELECT 1 INTO OUTFILE '/tmp/x';

-- refused: null byte
SELECT length('\0');

-- refused: nothing cannot be summed
SELECT arraySum([]);

-- refused: max_rows_to_read
SELECT count() FROM events GROUP BY scope ORDER BY scope LIMIT 2 SETTINGS max_rows_to_read = 10;

-- refused: no_such_setting
SELECT 1 SETTINGS no_such_setting = 1;

-- refused: join_use_nulls
SELECT * FROM (SELECT 1 AS x SETTINGS join_use_nulls = 1);

-- refused: max_result_rows
SELECT DISTINCT scope FROM events ORDER BY scope SETTINGS max_threads = 1, max_result_rows = 'x';

-- refused: group_by_use_nulls
SELECT source, count() FROM events GROUP BY source WITH ROLLUP SETTINGS group_by_use_nulls = 1;

-- refused: nonsense
SELECT 1 FORMAT Vertical2 SETTINGS nonsense = 1;

-- refused: lttb
$__lttb(100, timestamp, duration) FROM events;

-- refused: is not Nullable
SELECT CAST(NULL, 'UInt64');

-- refused: scale
SELECT CAST(2, 'Decimal(7, 2)') / CAST(3, 'Decimal(12, 4)');

-- refused: LowCardinality(String)
SELECT JSONExtract('{"a": "hello"}', 'a', 'LowCardinality(String)');

-- refused: a tuple as a key
SELECT tuple(number) AS x FROM numbers(2) GROUP BY GROUPING SETS ((number), (tuple(number)));

-- refused: greatest of Array
SELECT greatest([NULL], [0]);

-- refused: a mode of windowFunnel
SELECT windowFunnel(3600, 'strict_order')(toDateTime(timestamp), scope = 'load:job') FROM events;

-- refused: windowFunnel over a window
SELECT windowFunnel(3600)(toDateTime(timestamp), scope = 'load:job') OVER (PARTITION BY scope) FROM events;

-- refused: windowFunnel goes by a DateTime
SELECT windowFunnel(3600)(timestamp, scope = 'load:job') FROM events;

-- refused: sequenceMatch is not supported
SELECT sequenceMatch('(?1)(?2)')(toDateTime(timestamp), scope = 'a', scope = 'b') FROM events;

-- refused: map is not supported
SELECT map('a', 1);

-- refused: nanoseconds
SELECT toDateTime64('2026-06-12 00:00:00.123456789', 9);

-- refused: groupConcat below 1
SELECT groupConcat('-', 0)(scope) FROM events;

-- refused: argument 1 of toHour cannot be Date
SELECT toHour(toDate('2026-01-05'));

-- refused: argument 1 of toStartOfHour cannot be Date
SELECT toStartOfHour(toDate('2026-01-05'));

-- refused: a Date has no hours
SELECT date_trunc('hour', toDate('2026-01-05'));

-- refused: a Date has no milliseconds
SELECT toDate('2026-01-05') + INTERVAL 1 MILLISECOND;

-- refused: a Date has no time zone
SELECT toStartOfMonth(toDate('2026-01-05'), 'Europe/Berlin');

-- refused: arraySum cannot take Array(Nullable(UInt8))
SELECT arraySum([1, NULL]);

-- refused: arrayCumSum cannot take Array(Nullable(UInt8))
SELECT arrayCumSum([1, NULL]);
