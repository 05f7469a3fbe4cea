-- nothing-found: without rows, counts and sums are 0, an average is nan, extremes are defaults
SELECT count(), sum(duration), avg(duration), min(duration), max(duration), min(timestamp), max(scope), any(source), uniqExact(user_id) FROM events WHERE scope = 'no:such';

-- nothing-found-nullable: the same of nullable columns is NULL
SELECT count(user_id), sum(count), avg(count), min(user_id), max(user_name), any(payload), argMax(user_id, timestamp) FROM events WHERE scope = 'no:such';

-- nothing-found-in-groups: with GROUP BY there are no rows at all
SELECT scope, count() FROM events WHERE scope = 'no:such' GROUP BY scope;

-- empty-quantiles: quantiles of nothing are nan, of nothing nullable NULL
SELECT median(duration) AS m, quantile(0.9)(count) AS n, quantileExact(duration) AS x, quantiles(0.1, 0.9)(duration) AS q FROM events WHERE scope = 'no:such';

-- empty-lists: lists of nothing are empty
SELECT groupArray(scope) AS a, groupUniqArray(user_id) AS u, arrayStringConcat(groupArray(user_name), ', ') AS t FROM events WHERE scope = 'no:such';

-- empty-dates: the smallest day of nothing is 1970-01-01
SELECT min(toDate(timestamp)) AS d, max(toStartOfHour(timestamp)) AS h, min(toMonday(timestamp)) AS m FROM events WHERE scope = 'no:such';

-- sums-of-null: only NULLs give NULL, not 0
SELECT sum(user_id), min(user_name), max(count), avg(count), count(user_id), any(user_email) FROM events WHERE user_id IS NULL AND count IS NULL;

-- ratio-of-nothing: 0 / 0 is nan, and nan is not NULL
SELECT countIf(source = 'x') / count() AS share, isNaN(share) AS is_nan FROM events WHERE scope = 'no:such';

-- arithmetic-of-nothing: defaults go on into expressions
SELECT max(duration) - min(duration) AS span, sum(duration) / 1000 AS seconds, ifNull(max(count), 0) + 1 AS next FROM events WHERE scope = 'no:such';

-- assume-not-null: NULL taken for granted becomes the default
SELECT assumeNotNull(user_id) AS id, assumeNotNull(user_name) AS name, assumeNotNull(max(count)) AS n FROM events WHERE user_id IS NULL GROUP BY user_id, user_name;

-- null-group: NULL is a group of its own
SELECT org_id, count() AS n FROM events GROUP BY org_id ORDER BY org_id;

-- nothing-but-having: an aggregate of nothing still passes HAVING
SELECT count() AS n FROM events WHERE scope = 'no:such' HAVING n = 0;

-- defaults-of-argmax: argMax of nothing is the default of its first argument
SELECT argMax(scope, duration) AS s, argMin(duration, timestamp) AS d, argMax(user_name, duration) AS n FROM events WHERE scope = 'no:such';

-- deviation-of-nothing: deviations of nothing are nan
SELECT stddevPop(duration) AS p, varSamp(duration) AS v FROM events WHERE scope = 'no:such';

-- element-without-an-aggregate: an element of a tuple beside an aggregate is one row
SELECT tuple(count(), 'x').2 AS a FROM events WHERE scope = 'none';
