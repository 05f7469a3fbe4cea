-- cut-characters: a character that was cut is shown as one U+FFFD
SELECT substring('王小明',1,2), substring('王小明', 2), substring('王小明', 2, 3), reverse('Zoë'), reverse('王'), left('王',1), left('王a',2), right('王',2), right('a王',1);

-- bytes-that-meet-again: lengths, digits and texts of cut characters
SELECT hex(reverse('王')), length(reverse('王')), length(substring('王',1,2)), substring('王',1,2) = substring('王小',1,2), concat(substring('ë',1,1), substring('ë',2,1)), substring('王',1,2) = 'x';

-- padded-bytes: padding counts bytes
SELECT toString(substring('ëa',2)), [substring('ëa',2)], reverse(reverse('王')), substring(reverse('王'), 1, 1), leftPad('王', 2), leftPad('王', 5, 'ë'), rightPad('a', 2, 'ë'), leftPad('a', 4, '王'), leftPad('王', 8, 'ab');

-- bytes-from-the-end: places from the end, and cut twice
SELECT substring('Zoë', 1, 3) AS a, hex(substring('Zoë', 3, 1)) AS b, substring('Zoë', -1), substring('Zoë', -1, 1), mid('Zoë', 3, 1), 'ë' < substring('ë',1,1), substring(substring('王小明', 2), 2, 3);

-- names-cut: cut names in the order of their bytes
SELECT DISTINCT substring(user_name, 1, 2) AS p FROM events ORDER BY p;

-- groups-of-cut-names: groups by cut names of a subquery
SELECT p, count(), max(length(p)), any(hex(p)) FROM (SELECT substring(user_name, 1, 3) AS p FROM events) GROUP BY p ORDER BY p;

-- names-turned: reversed and cut names
SELECT substring(user_name, 2) AS a, reverse(user_name) AS b, left(user_name, 2) c, right(user_name, 2) d, length(substring(user_name, 2)) AS l FROM events WHERE user_id < 13 GROUP BY user_name ORDER BY user_name;

-- bytes-in-arrays: cut texts within arrays
SELECT arrayMap(x -> left(x, 1), ['ëa', 'a', '王']), groupArray(substring('ë', 1, 1)), arrayStringConcat([substring('ë',1,1), substring('ë',2,1)]);

-- splits-by-nothing: each byte for itself, and nothing of nothing
SELECT splitByString('', ''), splitByString('', 'abc'), splitByString(',', ''), splitByString('', 'ëa'), splitByChar(',', '');

-- long-capitals: letters whose capitals are several
SELECT upperUTF8('ﬀ'), upperUTF8('ß'), upperUTF8('ﬁ'), upperUTF8('ŉ'), upperUTF8('straße ﬂ');

-- cut-in-array-join: bytes that are no character in the elements of an array
SELECT x, count() AS n FROM numbers(1) ARRAY JOIN arrayMap(x -> mid('王小明', x, 3), [1, 2, 3]) AS x GROUP BY x ORDER BY n, length(x), x = '王' DESC LIMIT 1;

-- ends-of-cut-texts: compared and counted byte by byte
SELECT endsWith('Größe', substring('Größe', 4)), endsWith('Größe', substring('Größe', 5)), startsWith('Größe', left('Größe', 3)), startsWith('Größe', left('Größe', 4)), char_length(right('Größe', 2)), lengthUTF8(left('王小明', 4)), lengthUTF8(right('王小明', 4)), countIf(endsWith(user_name, mid(user_name, count))) FROM events;
