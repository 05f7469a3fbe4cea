-- array-basics: length, elements from both ends, membership
SELECT [10, 20, 30] AS a, length(a) AS n, a[1] AS first, a[-1] AS last, has(a, 20) AS h, indexOf(a, 30) AS i, indexOf(a, 5) AS none, arrayElement(a, 2) AS e, empty(a) AS em, notEmpty(a) AS ne;

-- out-of-bounds: an element that is not there is the default
SELECT [1, 2][5] AS a, ['x'][3] AS b, [1, 2][-3] AS c, [NULL, 1][7] AS d;

-- arithmetic: sums, averages, extremes of arrays
SELECT arraySum([1, 2, 3]) AS s, arrayAvg([1, 2, 4]) AS a, arrayMin([3, 1, 2]) AS lo, arrayMax([3, 1, 2]) AS hi, arraySum([0.5, 0.25]) AS f, arrayCumSum([1, 2, 3]) AS c;

-- sorting: forwards, backwards, by a lambda
SELECT arraySort([3, 1, 2]) AS a, arrayReverseSort([3, 1, 2]) AS b, arraySort(x -> -x, [3, 1, 2]) AS c, arrayReverse([1, 2, 3]) AS d, arraySort(['b', 'a', 'B']) AS e, arraySort([2, NULL, 1]) AS f;

-- sets: distinct, union of two, common parts
SELECT arrayDistinct([3, 1, 3, 2]) AS a, arrayConcat([1], [2, 3]) AS b, arrayUniq([1, 1, 2]) AS c, hasAny([1, 2], [2, 5]) AS d, hasAll([1, 2, 3], [1, 3]) AS e;

-- slices: parts of arrays
SELECT arraySlice([1, 2, 3, 4, 5], 2, 3) AS a, arraySlice([1, 2, 3], 2) AS b, arraySlice([1, 2, 3], -2) AS c, arrayPushBack([1, 2], 3) AS d, arrayPushFront([1, 2], 3) AS e, arrayPopBack([1, 2]) AS f, arrayPopFront([1, 2]) AS g;

-- ranges: range counts from 0
SELECT range(5) AS a, range(2, 5) AS b, range(1, 10, 3) AS c, arrayEnumerate(['a', 'b']) AS d;

-- lambdas: map, filter, count, exists, all, first
SELECT arrayMap(x -> x * 2, [1, 2, 3]) AS m, arrayFilter(x -> x > 1, [1, 2, 3]) AS f, arrayCount(x -> x % 2 = 1, [1, 2, 3]) AS c, arrayExists(x -> x = 3, [1, 2, 3]) AS e, arrayAll(x -> x > 0, [1, 2, 3]) AS a,
       arrayFirst(x -> x > 1, [1, 2, 3]) AS first, arraySum(x -> x * x, [1, 2, 3]) AS s;

-- lambdas-of-two: two arrays side by side
SELECT arrayMap((x, y) -> x + y, [1, 2], [10, 20]) AS a, arrayMap((x, i) -> concat(x, toString(i)), ['a', 'b'], [1, 2]) AS b;

-- lambdas-and-columns: a lambda sees the columns of its row
SELECT obj_id, arrayMap(x -> x + duration, [0, 1]) AS a, arrayFilter(x -> x != project_id, [1, 2, 3]) AS b FROM events WHERE scope = 'restore:job' AND project_id IS NOT NULL ORDER BY timestamp, obj_id LIMIT 10;

-- lambdas-in-lambdas: a lambda within a lambda
SELECT arrayMap(x -> arraySum(arrayMap(y -> x * y, [1, 2])), [1, 2, 3]) AS a, arrayMap(a -> arrayStringConcat(arrayMap(b -> upper(b), a), ''), [['x', 'y'], ['z']]) AS b;

-- joined-arrays: arrays to text and back
SELECT arrayStringConcat(['a', 'b', 'c'], '-') AS a, arrayStringConcat(['a', 'b']) AS b, arrayStringConcat(arrayMap(x -> toString(x), [1, 2]), ',') AS c, arrayStringConcat([], ',') AS d;

-- one-row-an-element: arrayJoin multiplies rows
SELECT project_id, arrayJoin([1, 2]) AS half, count() AS n FROM events GROUP BY project_id, half ORDER BY project_id, half;

-- array-join-clause: ARRAY JOIN with an alias
SELECT part, count() AS n FROM events ARRAY JOIN splitByChar(':', scope) AS part GROUP BY part ORDER BY n DESC, part LIMIT 20;

-- array-join-keeps-order: elements in their order
SELECT id, x FROM (SELECT 1 AS id, ['b', 'a'] AS xs UNION ALL SELECT 2, ['c']) ARRAY JOIN xs AS x ORDER BY id, x;

-- left-array-join: rows with empty arrays stay
SELECT id, x FROM (SELECT 1 AS id, [10, 20] AS xs UNION ALL SELECT 2, []) LEFT ARRAY JOIN xs AS x ORDER BY id, x;

-- array-join-of-payloads: the elements of a payload's array
SELECT item, count() AS n FROM events ARRAY JOIN JSONExtractArrayRaw(assumeNotNull(payload), 'v') AS item WHERE scope = 'draw:object' GROUP BY item ORDER BY item;

-- two-arrays-side-by-side: ARRAY JOIN of two arrays takes them in step
SELECT a, b FROM (SELECT [1, 2] AS xs, ['x', 'y'] AS ys) ARRAY JOIN xs AS a, ys AS b ORDER BY a;

-- collected-and-counted: lists of a group, worked on
SELECT project_id, length(groupArray(scope)) AS n, arrayUniq(groupArray(scope)) AS scopes, has(groupUniqArray(scope), 'delete:task') AS deletes FROM events GROUP BY project_id ORDER BY project_id;

-- tuples: elements by number and by name
SELECT (1, 'b').2 AS second, tupleElement((1, 'b'), 1) AS first, tuple(1, 2) AS t, t.1 + t.2 AS sum, (1, 2) = (1, 2) AS same, (1, 2) < (1, 3) AS less;

-- arrays-compared: arrays are compared element by element
SELECT [1, 2] = [1, 2] AS a, [1, 2] < [1, 3] AS b, has([[1], [2]], [2]) AS c, has([1, NULL], NULL) AS d, countEqual([1, 2, 1], 1) AS e;

-- flattened: arrays of arrays
SELECT arrayFlatten([[1, 2], [3]]) AS a, arrayMap(x -> length(x), [[1, 2], []]) AS b;

-- array-join-within-array-join: a row of each element, and then of each element of what is made of it
SELECT x, arrayJoin([1, 2]) AS y, count() AS n FROM events ARRAY JOIN arrayMap(v -> v * duration, [1, arrayJoin([10, 20])]) AS x WHERE scope = 'restore:job' AND duration < 100 GROUP BY x, y ORDER BY x, y LIMIT 20;

-- nulls-joined: NULLs leave nothing behind
SELECT arrayStringConcat(arrayMap(x -> NULL, [3, 1, 3])) AS a, arrayStringConcat([NULL, 'x', NULL], ',') AS b, arrayStringConcat(CAST([], 'Array(String)'), ',') AS c;

-- sorted-within-having: a sorting lambda where groups are chosen
SELECT source, arraySort(x -> -x, groupUniqArray(toMonth(timestamp))) AS months FROM events GROUP BY source HAVING arrayExists(x -> x > 6, arraySort(x -> -x, groupUniqArray(toMonth(timestamp)))) ORDER BY source;

-- slices-of-unknown-length: a length that is NULL is the array's
SELECT arraySlice(['a', 'b', 'c'], -5, count) AS a, arraySlice(['a', 'b', 'c'], -2, count) AS b, arraySlice(['a', 'b', 'c'], 2, count) AS c, arraySlice(['a', 'b'], -7, NULL) AS d, arraySlice(['a', 'b'], toInt8OrNull('-7'), count) AS e FROM events GROUP BY count ORDER BY count LIMIT 5;

-- join-within-a-join: rows of the elements that a lambda reads
SELECT x, count() AS n FROM events ARRAY JOIN arrayMap(y -> arrayJoin([1, 2]), [1, 2, 3]) AS x WHERE toMonth(timestamp) = 6 GROUP BY x ORDER BY x;

-- found-by-lambdas: the last one, and places
SELECT arrayFirstIndex(x -> x > 1, [1,2,3]), arrayLastIndex(x -> x > 1, [1,2,3]), arrayLast(x -> x < 3, [1,2,3]), arrayDifference([1,4,9]), arrayZip([1,2],['a','b']), arrayFirstIndex(x -> x > 5, [1]), arrayLast(x -> x > 5, [1]), arrayDifference([1.5, 2.5]), arrayDifference([300, 5]);

-- flattened-flat: also what is flat
SELECT arrayFlatten([]), arrayFlatten([[1],[2,3]]), arrayFlatten([1,2]);

-- large-elements: the largest integers within arrays and tuples
SELECT [18446744073709551615, 2] AS c, (18446744073709551615, [1]) AS d INTERSECT SELECT [18446744073709551615, 2] AS c, (18446744073709551615, [1]) AS d;

-- large-elements-apart: the same, of rows
SELECT [toUInt64(number + 18446744073709551610)] AS c FROM numbers(3) UNION DISTINCT SELECT [18446744073709551611] AS c;

-- large-elements-mapped: lambdas over them, and what is taken out of them
SELECT arrayMap(x -> x + 1, [18446744073709551615, 1]) AS a, tupleElement((arrayPushBack([1], 18446744073709551615), 1), 1) AS b, b[2] + 1 AS c, arraySort(groupArray(toUInt64(number) + 18446744073709551610)) AS d FROM numbers(3);
