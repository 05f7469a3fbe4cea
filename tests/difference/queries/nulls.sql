-- null-tests: isNull, isNotNull, IS NULL, and where they are counted
SELECT countIf(isNull(user_id)) AS a, countIf(user_id IS NULL) AS b, countIf(isNotNull(payload)) AS c, countIf(NOT (payload IS NULL)) AS d FROM events;

-- replacements: ifNull, coalesce, nullIf
SELECT DISTINCT ifNull(user_name, '(nobody)') AS a, coalesce(user_email, user_name, '?') AS b, nullIf(user_name, 'admin') AS c FROM events ORDER BY a, b, c;

-- null-propagates: arithmetic and comparison with NULL are NULL
SELECT NULL + 1 AS a, NULL = NULL AS b, NULL > 1 AS c, NOT NULL AS d, NULL AND 0 AS e, NULL OR 1 AS f;

-- null-in-if: a NULL condition takes the else branch
SELECT if(NULL, 'yes', 'no') AS a, multiIf(NULL, 1, 2) AS b, CASE WHEN NULL THEN 1 ELSE 2 END AS c, if(1, NULL, 3) AS d;

-- concat-of-null: one NULL makes all of it NULL
SELECT concat('a', NULL) AS a, 'a' || NULL AS b, concat(user_name, '/', user_email) AS c, count() AS n FROM events GROUP BY c ORDER BY c;

-- not-in-with-null: NULL in a list is passed over, so NOT IN still finds rows
SELECT count() FROM events WHERE project_id NOT IN (1, NULL);

-- not-in-subquery-with-null: also when the list comes from a query
SELECT count() FROM events WHERE user_id NOT IN (SELECT user_id FROM events WHERE project_id = 8);

-- in-with-null: IN passes NULL over, too, and a NULL is in no list
SELECT countIf(user_id IN (1, 2, NULL)) AS a, countIf(user_id NOT IN (1, 2, NULL)) AS b, count() AS n FROM events;

-- null-safe-grouping: NULL names are one group, '' is another
SELECT user_email, count() AS n FROM events GROUP BY user_email ORDER BY user_email;

-- least-and-greatest: with a NULL among them
SELECT least(3, 1, 2) AS a, greatest(duration, 100) AS b, greatest(1, NULL) AS c, least(count, 5) AS d FROM events WHERE scope = 'restore:job' ORDER BY b, d;

-- null-arithmetic: a nullable column in an expression makes it nullable
SELECT count + 1 AS a, count * duration AS b, -count AS c, user_id = 1 AS d FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id;

-- to-nullable: a constant made nullable
SELECT toNullable(5) AS a, toTypeName(toNullable(5)) AS b, ifNull(toNullable(5), 6) AS c;

-- boolean-of-null: NOT, AND and OR of a nullable comparison
SELECT count > 1 AND duration > 1 AS a, count > 1 OR duration > 1 AS b, NOT count > 1 AS c, count() AS n FROM events GROUP BY a, b, c ORDER BY a, b, c;

-- where-null: WHERE with NULL keeps nothing
SELECT count() FROM events WHERE NULL;

-- where-nullable: WHERE with a nullable comparison drops its NULLs
SELECT count() AS n, countIf(count IS NULL) AS none FROM events WHERE NOT count > 1;

-- in-list-of-text: ids as texts, as Grafana sends them
SELECT count() FROM events WHERE user_id IN ('5', '7') AND project_id IN (1, '2') AND -1 IN ('-1');

-- equals-text: a number compared with its text
SELECT count() FROM events WHERE user_id = '5' AND task_id != '10';

-- tuple-in: pairs in a list of pairs
SELECT count() FROM events WHERE (user_id, project_id) IN ((1, 1), (2, 3), (7, 900));

-- tuple-in-subquery: pairs in a query's rows
SELECT count() FROM events WHERE (user_id, project_id) IN (SELECT user_id, project_id FROM events WHERE scope = 'delete:task');

-- minus-one-in: -1 is in no list of ids, the dashboards' way to say "all"
SELECT -1 IN ('-1') AS a, -1 IN ('5', '300') AS b, -1 IN (-1) AS c, '-1' IN ('-1') AS d, count() FROM events WHERE -1 IN (-1) OR user_id IN (-1);

-- in-one-value: IN takes a single value without parentheses, and an empty list
SELECT countIf(user_id IN 5) AS five, countIf(user_id IN ()) AS none FROM events;

-- global-in: GLOBAL means nothing on one machine
SELECT count() FROM events WHERE user_id GLOBAL IN (SELECT user_id FROM events WHERE scope = 'create:user');

-- tuples-with-null: NULL is unknown, unless another element decides
SELECT number AS n, tuple(n, NULL) = tuple(1, 2) AS a, tuple(n, NULL) != tuple(1, 2) AS b, (n, nullIf(n, 1)) = (2, 2) AS c, (n, nullIf(n, 1)) < (1, toNullable(1)) AS d, (nullIf(n, 1), n) <= (2, 1) AS e, (n, NULL, 2) = (0, 1, 3) AS f FROM numbers(3) ORDER BY n;

-- tuples-of-null: of constants, and where tuples are not equal but less or greater, NULL decides alone
SELECT (1, NULL) = (1, NULL) AS a, (1, 2) = (3, NULL) AS b, (1, NULL) != (2, 3) AS c, (1, NULL) < (3, 5) AS d, (number, NULL) < (7, 3) AS e, (number, NULL) >= (7, 3) AS f, (1, toNullable(2)) = (3, toNullable(5)) AS g, (NULL, number) = (1, 2) AS h FROM numbers(2);

-- tuples-of-a-subquery: their elements can be NULL, too
SELECT x = y AS same, x < y AS less FROM (SELECT number AS n, (n, toNullable(n)) AS x, (1, nullIf(n, 1)) AS y FROM numbers(3)) ORDER BY n;

-- tuples-of-a-subquery-with-null: an element that is NULL by its type
SELECT x = y AS same, x != y AS other FROM (SELECT (number, NULL) AS x, (1, NULL) AS y FROM numbers(2));

-- null-by-type: what cannot be NULL is not asked
SELECT isNull(duration) AS a, isNotNull(cast(user_id, 'Float64')) AS b, duration IS NOT NULL AS c, isNull(user_id) AS d, count() AS n FROM events GROUP BY a, b, c, d ORDER BY d;

-- null-in-texts: NULL of no type is looked for in a set
SELECT source AS k0, anyLast(NULL) AS a0, any(NULL) NOT IN (1, 2) AS b, max(NULL) IN ('a', 'b') AS c FROM events GROUP BY k0 HAVING a0 IN ('a') OR 1;

-- tuples-with-null-and-pads: a pad is no constant, so the tuples are compared by elements
SELECT tuple(NULL, '') = tuple(0, lpad('', 12)) AS a, tuple(NULL, '') = tuple(0, 'x') AS b, tuple(NULL, '') = tuple(0, rightPad('', 12)) AS c, tuple(NULL, '') = tuple(0, repeat('x', 2)) AS d, tuple(NULL, 'x') != tuple(toInt64('5'), leftPadUTF8('x', 3, 'y')) AS e, tuple(NULL, 'x') = tuple(0, rpad('x', 1)) AS f;

-- tuples-with-null-and-lambdas: what has a lambda is no constant either
SELECT tuple(0, NULL) = tuple(arrayCount(x -> 1 = 1, [3, 1, 3]), '') AS a, tuple(0, NULL) = tuple(arraySum(arrayMap(x -> x, [3, 1, 3])), '') AS b, tuple(0, NULL) = tuple(length([1, 2]), '') AS c;

-- null-of-no-type: NULL out of a list is compared with anything
SELECT isDistinctFrom('', arrayZip([0], [NULL])[1].2) AS a, isNotDistinctFrom(toDate('2026-01-01'), arrayZip([0], [NULL])[1].2) AS b, arrayZip([0], [NULL])[1].2 = 'x' AS c, arrayZip([0], [NULL])[1].2 IN ('x', 'y') AS d, [NULL][1] = 'x' AS e, if([NULL][1] = toDateTime('2026-01-01 00:00:00', 'UTC'), 1, 2) AS f;

-- no-null-before-others: what comes behind a value that is never NULL has no part in the type
SELECT toString(coalesce(intDivOrZero(0.5, 1), 0.5)) AS a, toString(ifNull(1, 0.5)) AS b, toTypeName(coalesce(1, 0.5)) AS c, coalesce('x', 'y') AS d;
