-- unknown-escapes: ClickHouse keeps the backslash of an escape that it does not know
SELECT '\d' AS a, 'a\%b' AS b, 'a\_b' AS c, length('\d') AS l, '\\d' AS d, '\.' AS e;

-- known-escapes: newline, tab, quote, backslash, code
SELECT 'a\nb' AS a, 'a\tb' AS b, 'it\'s' AS c, 'it''s' AS d, '\\' AS e, '\x41' AS f, 'say "hi"' AS h;

-- names-with-quotes: looked for with either way to write a quote
SELECT count() FROM events WHERE user_name = 'O''Brien' OR user_name = 'O\'Brien' OR user_name = 'Ann "Speedy" Tate';

-- names-with-backslashes: a backslash in data
SELECT count() FROM events WHERE user_name = 'back\\slash' OR user_email = 'DOMAIN\\user@example.com';

-- names-with-tabs: a tab in data
SELECT DISTINCT user_name FROM events WHERE user_name = 'tab\there';

-- other-letters: literals in any script
SELECT '王小明' AS a, '🦆' AS b, 'Größe' AS c, lengthUTF8('🦆') AS d, length('🦆') AS e, count() FROM events WHERE user_name = '王小明';

-- numbers: integers take the smallest type, and fractions are Float64
SELECT 1 AS a, 255 AS b, 256 AS c, 65536 AS d, 4294967296 AS e, -1 AS f, -129 AS g, 1.5 AS h, 1e3 AS i, 0xFF AS j, 1_000 AS k, 18446744073709551615 AS l, -9223372036854775808 AS m, .5 AS n;

-- truth: true and false are Bool
SELECT true AS a, false AS b, TRUE = 1 AS c, NOT true AS d, true AND false AS e, true + 1 AS f;

-- special-numbers: nan and infinity
SELECT nan AS a, inf AS b, -inf AS c, isNaN(nan) AS d, isInfinite(inf) AS e, isFinite(1) AS f, nan = nan AS g;

-- arrays-and-tuples: literals of arrays and tuples
SELECT [1, 2, 3] AS a, ['x', 'y'] AS b, [] AS c, (1, 'a') AS d, tuple(1, 2) AS e, [1, NULL] AS f, [[1], [2, 3]] AS g, [1, -1] AS h, [1, 2.5] AS i, array(1, 300) AS j;

-- quoted-identifiers: names in quotes and in backticks
SELECT `scope`, "source", count() AS `how many` FROM `events` WHERE `scope` = 'restore:job' GROUP BY `scope`, "source";

-- qualified-names: the table and the database before the column
SELECT events.scope, e.source, cvat.events.duration FROM cvat.events AS e WHERE e.scope = 'restore:job' ORDER BY e.timestamp, e.obj_id LIMIT 3;

-- comments: comments of three kinds
SELECT /* inside */ count() AS n # to the end of the line
FROM events /* several
lines */ WHERE scope = 'restore:job';

-- column-names-of-expressions: an unnamed column is named by its text
SELECT count(), sum(duration), toString(1), 1 + 1, duration / 2 > 5, if(duration > 1, 'a', 'b'), -duration FROM events WHERE scope = 'restore:job' GROUP BY duration ORDER BY duration LIMIT 2;

-- column-names-of-more: names of casts, lists, intervals, CASE and lambdas
SELECT CAST(1 AS String), 1 IN (1, 2), [1, 2], (1, 'a'), NOT 1, 1 AND 0, 'a' || 'b', CASE WHEN 1 THEN 'x' ELSE 'y' END, 5 BETWEEN 1 AND 9, NULL IS NULL, toDate('2026-06-01') + INTERVAL 1 DAY, arrayMap(x -> x + 1, [1]), 'text', 1.50, 2 * (3 + 4), [1, 2][1], 'a' LIKE 'b';

-- other-bases: binary and hexadecimal numbers and texts
SELECT 0b11, 0xff, 0x1p4, 0x1.8p1, X'4142', x'414', b'01000001', B'1000001', 0b1111111111111111111111111111111111111111111111111111111111111111;

-- other-bases-with-signs: negative ones, and arithmetic with them
SELECT -0b11, -0x10, 0x1p-2, 1_000_000, 0xFF_FF, 0b1011 + 1, length(X'C3AB');

-- texts-of-digits: X'30' is a text
SELECT X'30' = '0', 0b1011, 0x1p4;
