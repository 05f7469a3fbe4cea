-- shifts: multiIf takes the first condition that holds
SELECT multiIf(toHour(timestamp) < 6, 'night', toHour(timestamp) < 12, 'morning', toHour(timestamp) < 18, 'afternoon', 'evening') AS shift, count() AS n FROM events GROUP BY shift ORDER BY shift;

-- if-and-case: if, CASE with and without a subject
SELECT if(source = 'client', 'browser', 'server') AS a, CASE WHEN duration > 1000 THEN 'slow' WHEN duration > 0 THEN 'quick' ELSE 'none' END AS b, CASE source WHEN 'client' THEN 1 WHEN 'server' THEN 2 END AS c, count() AS n
FROM events GROUP BY a, b, c ORDER BY a, b, c;

-- case-without-else: CASE without ELSE is NULL
SELECT CASE WHEN project_id = 1 THEN 'first' END AS a, count() AS n FROM events GROUP BY a ORDER BY a;

-- types-of-branches: the branches' types meet in a common one
SELECT if(1, 1, 300) AS a, toTypeName(if(1, 1, 300)) AS b, toTypeName(if(1, 1, -1)) AS c, toTypeName(if(1, 1, NULL)) AS d, toTypeName(if(1, 1, 1.5)) AS e, toTypeName(multiIf(1, 'a', 0, NULL, 'b')) AS f;

-- many-branches: a long multiIf
SELECT multiIf(project_id = 1, 'a', project_id = 2, 'b', project_id = 3, 'c', project_id = 4, 'd', project_id = 5, 'e', project_id = 6, 'f', 'z') AS letter, count() AS n FROM events GROUP BY letter ORDER BY letter;

-- logic: AND, OR, NOT and xor of numbers
SELECT 1 AND 0 AS a, 1 OR 0 AS b, NOT 0 AS c, xor(1, 1) AS d, 5 AND 3 AS e, and(1, 1, 0) AS f, or(0, 0, 1) AS g, not(1) AS h;

-- function-forms-of-comparisons: equals, less and their kin
SELECT equals(1, 1) AS a, notEquals(1, 1) AS b, less(1, 2) AS c, greater(1, 2) AS d, lessOrEquals(2, 2) AS e, greaterOrEquals(1, 2) AS f, 1 == 1 AS g, 1 <> 2 AS h, 1 != 1 AS i;

-- if-with-alias: an alias made inside a condition is known further on
SELECT if((toHour(timestamp) AS hour) < 12, 'am', 'pm') AS half, hour, count() AS n FROM events GROUP BY half, hour ORDER BY hour;

-- conditions-on-nothing: conditions over nullable columns
SELECT if(user_id > 5, 'high', 'low') AS a, multiIf(user_id IS NULL, 'none', user_id > 5, 'high', 'low') AS b, count() AS n FROM events GROUP BY a, b ORDER BY a, b;


-- bool-beside-null: AND of what can be NULL is UInt8
SELECT toTypeName((user_id > 0 AND true) AND 1 = 1), toTypeName(user_id > 0 AND true), toTypeName((duration > 0 AND true) AND 1 = 1), toTypeName(true AND user_id > 0), toTypeName((user_id > 0 OR true) OR 1 = 0) FROM events LIMIT 1;

-- choice: a ? b : c is if(a, b, c), weaker than every other operator, and called so
SELECT duration > 5 OR count > 1 ? 'slow' : concat('quick', source), count(), toUInt8(position(scope, ':') >= 7 ?1 : 0) AS late FROM events GROUP BY duration > 5 OR count > 1 ? 'slow' : concat('quick', source), late ORDER BY 1, 3;
