-- how-many: the number of events
SELECT count() FROM events;

-- three-ways-to-count: count() and count(*) count rows, count(x) skips NULL; the headers are ClickHouse's own
SELECT count(), count(*), count(1), count(payload), count(user_id) FROM events;

-- distinct-people: count(DISTINCT) and its ClickHouse cousins agree on few values
SELECT count(DISTINCT user_id), uniqExact(user_id), uniq(user_id), uniqCombined(user_id), uniqHLL12(user_id) FROM events;

-- distinct-pairs: a pair with a NULL is not counted, a tuple with a NULL is
SELECT uniqExact(user_id, task_id) AS pairs, count(DISTINCT user_id, task_id) AS same, uniqExact(tuple(user_id, task_id)) AS tuples FROM events;

-- first-and-last: the first and the last event keep their milliseconds
SELECT min(timestamp), max(timestamp) FROM events;

-- total-and-average: a sum of UInt32 is UInt64, an average is Float64
SELECT sum(duration), avg(duration), min(duration), max(duration) FROM events WHERE scope = 'change:frame';

-- nullable-sums: sums of nullable columns are nullable, and skip NULL
SELECT sum(count) AS s, avg(count) AS a, min(count) AS lo, max(count) AS hi FROM events WHERE project_id = 2;

-- by-scope: one row a scope, aliased without AS, "in quotes (with a unit)"
SELECT scope Scope, count() Events, max(duration) / 1000 "Longest (s)" FROM events GROUP BY scope ORDER BY Events DESC, Scope;

-- who-drew-last: argMax takes the value at the largest key
SELECT job_id, argMax(obj_id, obj_id) AS newest, argMin(obj_id, obj_id) AS oldest
FROM events WHERE scope = 'draw:object' AND obj_id IS NOT NULL GROUP BY job_id ORDER BY job_id;

-- last-word-of-each-user: argMax by a tuple breaks ties in time with the object's id
SELECT user_id, argMax(scope, (timestamp, assumeNotNull(obj_id))) AS last_scope FROM events GROUP BY user_id ORDER BY user_id;

-- median-duration: quantiles are interpolated, and exact for so few rows
SELECT median(duration) AS m, quantile(duration) AS q, quantile(0.95)(duration) AS p95, quantile(0)(duration) AS lo, quantile(1)(duration) AS hi
FROM events WHERE scope = 'change:frame';

-- several-quantiles: quantiles(...) answers an array
SELECT quantiles(0.25, 0.5, 0.75)(duration) AS quartiles FROM events WHERE scope = 'change:frame';

-- exact-quantiles: quantileExact takes an element, and not the one that others take
SELECT quantileExact(0.5)(duration) AS m, quantileExact(0.9)(duration) AS p90, quantileExact(duration) AS d
FROM events WHERE scope = 'change:frame';

-- exact-quantile-of-four: of 1, 2, 3, 4 the exact median is 3
SELECT quantileExact(0.5)(number + 1) AS exact, quantile(0.5)(number + 1) AS between FROM numbers(4);

-- median-by-user: a quantile for each group, of a nullable column
SELECT user_id, median(count) AS m FROM events WHERE scope IN ('draw:object', 'change:label') GROUP BY user_id ORDER BY user_id;

-- quantile-of-everything: above 8192 values ClickHouse takes a sample
-- approximate: 5%
SELECT quantile(0.25)(toHour(timestamp) * 60 + toMinute(timestamp)) AS minute FROM events;

-- spread: population and sample deviations and variances
SELECT stddevPop(duration), stddevSamp(duration), varPop(duration), varSamp(duration) FROM events WHERE scope = 'change:frame';

-- names-in-a-list: groupUniqArray has no order of its own, so it is sorted
SELECT arraySort(groupUniqArray(org_slug)) AS organizations FROM events;

-- names-of-each: a list for each group, NULLs left out
SELECT project_id, arraySort(groupUniqArray(user_name)) AS people, length(groupArray(user_name)) AS n
FROM events GROUP BY project_id ORDER BY project_id;

-- first-three-jobs: groupArray(n) cuts the list
SELECT groupArray(3)(job_id) AS jobs FROM (SELECT DISTINCT job_id FROM events WHERE job_id IS NOT NULL ORDER BY job_id);

-- most-frequent-scope: topK of a clear winner
SELECT topK(1)(source) AS favourite FROM events;

-- bits: bitwise aggregates
SELECT groupBitAnd(duration) AS a, groupBitOr(duration) AS o FROM events WHERE scope = 'change:frame';

-- any-of-one: any and anyLast of a column with one value
SELECT any(source) AS a, anyLast(source) AS l FROM events WHERE source = 'client';

-- any-skips-null: any takes the first value that is not NULL
SELECT any(user_name) AS name, any(user_id) AS id FROM events WHERE user_id = 4 OR (user_id IS NULL AND project_id = 1 AND user_name IS NULL AND toHour(timestamp) = 0);

-- average-of-conditions: a comparison is 0 or 1, so its average is a share
SELECT avg(source = 'client') AS share, sum(source = 'client') AS n, avg(duration > 1000) AS slow FROM events;

-- grouped-by-position: GROUP BY 1, 2 means the select list
SELECT source, project_id, count() FROM events GROUP BY 1, 2 ORDER BY 1, 2;

-- grouped-by-all: GROUP BY ALL takes what is not aggregated
SELECT source, toMonth(timestamp) AS month, count() AS n FROM events GROUP BY ALL ORDER BY source, month;

-- busy-users: HAVING knows the aliases
SELECT user_id, count() AS n FROM events GROUP BY user_id HAVING n > 1000 ORDER BY n DESC, user_id;

-- having-without-alias: HAVING computes an aggregate that is not selected
SELECT task_id FROM events GROUP BY task_id HAVING uniqExact(user_id) >= 10 ORDER BY task_id;

-- sum-of-nothing-big: the sum of the large ids is larger than a float can say
SELECT sum(user_id) FROM events WHERE user_id > 1000000 AND scope = 'load:cvat';

-- standard-names-any-case: SQL's own names are known in capitals
SELECT COUNT(*), SUM(duration), AVG(duration), MIN(duration), MAX(duration) FROM events WHERE scope = 'zoom:image';

-- max-of-text: the largest and the smallest text, by bytes
SELECT min(user_name), max(user_name), min(scope), max(scope) FROM events;

-- sum-of-floats: payload numbers added up
SELECT round(sum(JSONExtractFloat(payload, 'v')), 3) AS s FROM events WHERE isValidJSON(payload) AND scope = 'click:element';

-- nan-in-the-maximum: max and min pass over nan
SELECT max(x) AS hi, min(x) AS lo FROM (SELECT arrayJoin([1.0, nan, 2.0]) AS x);

-- aggregate-of-expression: the aggregate takes any expression
SELECT max(length(payload)) AS longest, sum(ifNull(count, 1)) AS n, avg(toHour(timestamp)) AS noon FROM events;

-- quantiles-of-infinity: a value beside infinity is no quantile, what is between two is
SELECT toString(quantile(0.5)(x)) AS a, toString(quantile(0.25)(x)) AS b, toString(quantile(0.75)(x)) AS c, toString(quantile(0)(x)) AS d, toString(quantile(1)(x)) AS e, arrayMap(q -> toString(q), quantiles(0, 0.5, 0.9, 1)(x)) AS f, toString(median(if(x > 0, x, 1))) AS g, arrayMap(q -> toString(q), quantilesIf(0.5, 1)(x, x > 5)) AS h FROM (SELECT arrayJoin([-1 / 0, -1 / 0, -1 / 0, 1, 2, 3, 4, 1 / 0, 1 / 0]) AS x);

-- quantiles-of-two-infinities: one of each end, and two of one
SELECT n, toString(median(x)) AS a, toString(quantile(0)(x)) AS b, toString(quantile(1)(x)) AS c FROM (SELECT number % 4 AS n, if(n = 0, 1 / 0, if(n = 1 AND number > 4, 2, -1 / 0)) AS x FROM numbers(8)) GROUP BY n ORDER BY n;

-- any-behind-comparisons: any is a function, whatever stands before it
SELECT source = any('client') AS a, any(5) > any(3) AS b, max(duration) >= any(0) AS c, any('x') != any('y') FROM events GROUP BY source ORDER BY a;

-- correlation-of-no-rows: without rows there is NULL where there can be one, and NaN else
SELECT corrIf(0.5, count, source = 'no such') AS a, corrIf(0.5, duration, source = 'no such') AS b, corr(duration / 4, toNullable(1 / 0)) AS c, intDivOrZero(a, a) AS d FROM events;

-- quantiles-of-nan: of NaN only it is NaN, -OrDefault is for no rows
SELECT toString(medianOrDefault(nan)) AS a, toString(medianOrNull(nan)) AS b, toString(median(nan)) AS c, quantileOrDefault(0.5)(if(user_id = 5, nan, duration)) AS d, toString(quantileOrDefault(0.5)(if(user_id > 0, nan, 1))) AS e, medianOrDefaultIf(nan, user_id = -1) AS f FROM events WHERE scope = 'load:cvat';

-- arrays-of-nothing: what is put into NULL stays NULL
SELECT arrayPushFront(arrayEnumerate(splitByChar(',', NULL)), 0) AS a, arrayPushBack(NULL, 1) AS b;

-- sums-beyond-64-bits: sums and averages of integers go around
SELECT sum(x) AS a, avg(x) AS b, sumIf(x, x > 0) AS c, sumOrNull(x) AS d, sum(toNullable(x)) AS e, sumDistinct(x) AS f, avgOrDefault(x) AS g, sum(toInt64(x)) AS h, avg(-toInt64(x)) AS i FROM (SELECT toUInt64(9223372036854775806) + number % 2 AS x FROM numbers(5));

-- sums-of-large-payloads: a payload may have any number
SELECT sum(JSONExtractUInt(p, 'working_time')) AS a, sum(JSONExtractUInt(p, 'working_time') * 1000) AS b, avg(JSONExtractUInt(p, 'working_time')) AS c, sum(JSONExtractInt(p, 'working_time')) AS d, min(toInt64(JSONExtractUInt(p, 'working_time'))) AS f FROM (SELECT arrayJoin(['{"working_time": 18446744073709551615}', '{"working_time": 9223372036854775807}', '{"working_time": 9223372036854775806}', '{"working_time": 3}']) AS p);

-- sums-of-windows-beyond-64-bits: a running sum goes around
SELECT n, sum(x) OVER (ORDER BY n) AS a, avg(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS b FROM (SELECT number AS n, toUInt64(9223372036854775808) + number AS x FROM numbers(5)) ORDER BY n;

-- what-is-made-of-large-sums: arithmetic, texts and sums of sums that are beyond BIGINT
SELECT s + 1 AS a, s - 1 AS b, s * 2 AS c, s / 2 AS d, intDiv(s, 2) AS e, s % 10 AS f, -s AS g, toInt64(s) AS h, toString(s) AS i, [s] AS j, (s, 1) AS k, s IN (1, 18446744073709551614) AS l, toUInt8(s) AS m, greatest(s, 5) AS n FROM (SELECT sum(x) AS s FROM (SELECT toUInt64(9223372036854775807) AS x FROM numbers(2)));

-- unions-of-large-sums: beside smaller numbers
SELECT max(s) AS a, sum(s) AS b, avg(s) AS c, uniqExact(s) AS d FROM (SELECT sum(x) AS s FROM (SELECT toUInt64(9223372036854775807) AS x FROM numbers(2)) UNION ALL SELECT toUInt64(5));

-- sums-of-arrays-beyond-64-bits: go around as aggregates do
SELECT arraySum([18446744073709551615, 2]) AS a, arraySum(x -> x, [9223372036854775807, 9223372036854775808, 5]) AS b, arrayCumSum([18446744073709551615, 2]) AS c, arrayAvg([18446744073709551615, 3]) AS d;

-- types-of-aggregates: toTypeName of an aggregate is one row
SELECT toTypeName(count()), toTypeName(max(timestamp)), toTypeName(groupArray(scope)), isNull(count()) FROM events;

-- types-of-no-rows: of no rows, too
SELECT toTypeName(sum(duration)) FROM events WHERE 0;

-- limited-concatenation: groupConcat of so many values
SELECT groupConcat(',', 3)(user_id) FROM (SELECT DISTINCT user_id FROM events WHERE user_id < 6 ORDER BY user_id);

-- nullable-tuples: argMax by what can be NULL, and -OrNull
SELECT toTypeName(argMin((1, 'a'), toNullable(1))), argMaxOrNull((1, 2), 3), argMaxIf((1, 2), toNullable(3), 0);

-- elements-of-nullable-tuples: an element of such a tuple
SELECT argMax((user_id, scope), duration).1 IS NULL FROM events WHERE scope = 'load:cvat' AND user_id = 3;

-- retention: who did the first, and each other thing beside it
SELECT user_id, retention(scope = 'load:job', scope = 'save:job', scope = 'send:exception') FROM events GROUP BY user_id ORDER BY user_id;

-- retention-of-none: no rows, and a condition
SELECT retention(number = 1, number = 2, number > 5), retentionIf(number = 1, number = 2, number > 5) FROM numbers(5);

-- retention-of-null: rows in which a condition is NULL are skipped, and a condition that is NULL is no condition
SELECT retention(1 = 1, nullIf(number, 1) > 5), retention(NULL = 1, 1 = 1) FROM numbers(3);

-- funnels: how far people came within an hour and within a week
SELECT user_id, windowFunnel(3600)(toDateTime(timestamp), scope = 'load:job', scope = 'draw:object', scope = 'save:job'), windowFunnel(604800)(toDateTime(timestamp), scope = 'load:job', scope = 'draw:object', scope = 'save:job', scope = 'send:exception') FROM events GROUP BY user_id ORDER BY user_id;

-- funnels-of-numbers: the same condition twice, other orders, days, none
SELECT windowFunnel(10)(number, number = 1, number = 1, number = 11), windowFunnel(10)(toDateTime(number), number = 1, number = 1, number = 12), windowFunnel(10)(toDateTime(number), number = 5, number = 3), windowFunnel(10)(toDateTime(number), number IN (1, 8), number = 10, number = 15), windowFunnel(10)(toDate(number), number = 1, number = 5, number = 20), windowFunnelIf(10)(toDateTime(number), number = 1, number = 2, number > 100), windowFunnel(10)(toDateTime(number), number = 99) FROM numbers(30);

-- funnels-of-null: of no rows, of NULL
SELECT windowFunnel(10)(toDateTime(number), toNullable(number) = 1), windowFunnel(10)(toDateTime(number), number = 1), windowFunnel(10)(toDateTime(number), NULL, number = 1) FROM numbers(5) WHERE number > 9;

-- medians-of-nan: NaN and NULL only
SELECT medianExact(if(number = 1, NULL, nan)), median(if(number = 1, NULL, nan)), medianExactIf(if(number = 1, NULL, nan), number > 1), quantileExact(0.9)(if(number = 1, NULL, 1 / 0 - 1 / 0)), medianExactIf(toNullable(nan), number > 9) FROM numbers(3);

-- funnels-in-having: groups chosen by how far they came
SELECT user_id, windowFunnel(86400)(toDateTime(timestamp), scope = 'load:job', scope = 'save:job') AS n FROM events GROUP BY user_id HAVING n > 1 ORDER BY user_id;

-- correlations-beside-null: rows in which a side is NULL do not count
SELECT corr(x, nan) AS a, corr(inf, x) AS b, corr(y, nan) AS c, corr(x, 1.5) AS d FROM (SELECT CAST(NULL AS Nullable(Float64)) AS x, toNullable(number) AS y FROM numbers(3));
