-- lengths: bytes and characters
SELECT DISTINCT user_name, length(user_name) AS bytes, lengthUTF8(user_name) AS characters, char_length(user_name) AS also, empty(user_name) AS e, notEmpty(user_name) AS n FROM events ORDER BY user_name;

-- letter-case: lower and upper know ASCII only, their UTF8 forms know more
SELECT DISTINCT user_name, lower(user_name) AS l, upper(user_name) AS u, lowerUTF8(user_name) AS l8, upperUTF8(user_name) AS u8 FROM events WHERE user_id NOT IN (3, 12) ORDER BY user_name;

-- ascii-case: what lower does to letters beyond ASCII
SELECT lower('ÄÖÜ ABC') AS l, upper('äöü abc') AS u, lower('ŞAHİN') AS t;

-- pieces: substrings by bytes, from the end, and of characters
SELECT substring('hello world', 1, 5) AS a, substring('hello', 2) AS b, substring('hello', -3, 2) AS c, substringUTF8('Größe', 3, 2) AS d, left('hello', 2) AS e, right('hello', 2) AS f, substr('hello', 2, 2) AS g, mid('hello', 2, 3) AS h, SUBSTRING('hello' FROM 2 FOR 3) AS i;

-- pieces-of-scopes: the action and the resource of a scope
SELECT splitByChar(':', scope)[1] AS action, splitByChar(':', scope)[2] AS resource, count() AS n FROM events GROUP BY action, resource ORDER BY action, resource;

-- positions: where one text is in another
SELECT position('hello', 'l') AS a, position('hello', 'z') AS b, position('Größe', 'e') AS bytes, positionUTF8('Größe', 'e') AS characters, positionCaseInsensitive('Hello', 'HE') AS c, locate('l', 'hello') AS d, POSITION('l' IN 'hello') AS e;

-- like: LIKE, NOT LIKE and ILIKE
SELECT countIf(scope LIKE 'draw:%') AS a, countIf(scope NOT LIKE '%:object%') AS b, countIf(scope ILIKE 'DRAW:%') AS c, countIf(scope LIKE '______:task') AS d, countIf(user_name LIKE '%\_%') AS underscore, countIf(user_name LIKE '%\%%') AS percent, countIf(like(scope, '%frame')) AS e, countIf(notLike(scope, '%frame')) AS f FROM events;

-- like-of-letters: patterns with other letters and with quotes
SELECT DISTINCT user_name FROM events WHERE user_name LIKE '%ö%' OR user_name LIKE '%''%' OR user_name LIKE '%"%' OR user_name ILIKE 'z%' ORDER BY user_name;

-- patterns: regular expressions keep their backslashes
SELECT countIf(match(scope, '^(draw|paste):')) AS a, countIf(match(assumeNotNull(obj_val), '^\d+$')) AS digits, countIf(match(assumeNotNull(obj_val), '^-?[0-9]+(\.[0-9]+)?$')) AS numbers, countIf(obj_val REGEXP '^\\d') AS double FROM events;

-- extracts: what a pattern finds
SELECT DISTINCT extract(scope, '^([a-z]+):') AS action, extract(scope, ':.*') AS rest FROM events ORDER BY action, rest;

-- all-matches: each match of a pattern
SELECT extractAll('a1 b22 c333', '[0-9]+') AS a, extractAll('k=v, k2=v2', '(\\w+)=') AS b;

-- replacements: replace one, all, and by patterns
SELECT replaceOne('a-b-c', '-', '+') AS a, replaceAll('a-b-c', '-', '+') AS b, replace('a-b-c', '-', '') AS c, replaceRegexpAll('a1b22', '[0-9]+', '#') AS d, replaceRegexpOne('a1b22', '[0-9]+', '<\\0>') AS e, replaceRegexpAll('k=v', '(\\w)=(\\w)', '\\2=\\1') AS f;

-- starts-and-ends: beginnings and ends of texts
SELECT countIf(startsWith(scope, 'draw')) AS a, countIf(endsWith(scope, ':object')) AS b, countIf(startsWith(user_name, 'Z')) AS c FROM events;

-- joined-text: concat of texts, numbers and times
SELECT concat(scope, '#', toString(duration)) AS a, scope || '/' || source AS b, concat('n', 5, '-', 1.5) AS c FROM events WHERE scope = 'restore:job' ORDER BY timestamp, obj_id LIMIT 5;

-- padding: texts made longer
SELECT leftPad('7', 3, '0') AS a, rightPad('7', 3, '.') AS b, leftPad('abc', 5) AS c, leftPad('12345', 3, '0') AS d, lpad('7', 2, '*') AS e;

-- trimming: blanks taken off
SELECT trim('  a b  ') AS a, trimLeft('  a') AS b, trimRight('a  ') AS c, trimBoth('  a  ') AS d, trim(BOTH 'x' FROM 'xxaxx') AS e, trim(LEADING 'x' FROM 'xxaxx') AS f, ltrim(' a') AS g, rtrim('a ') AS h;

-- repeats: repeated, reversed, and counted
SELECT repeat('ab', 3) AS a, reverse('abc') AS b, countSubstrings('banana', 'an') AS c, reverseUTF8('aö') AS f;

-- formats-with-braces: format fills in braces
SELECT format('{} of {}', 'one', 'two') AS a, format('{1} before {0}', 'b', 'a') AS b;

-- initials: the first letters in capitals
SELECT initcap('hello big world') AS a;

-- splits: a text split by a text, by a character, by white space
SELECT splitByString(', ', 'a, b, c') AS a, splitByChar(',', 'a,b,,c') AS b, splitByChar(',', '') AS c, arrayStringConcat(splitByChar('.', '127.0.1'), '-') AS d;

-- browsers-by-major-version: text work on a payload
SELECT concat(JSON_VALUE(payload, '$.platform.name'), ' ', splitByChar('.', assumeNotNull(JSON_VALUE(payload, '$.platform.version')))[1]) AS browser, count() AS n FROM events WHERE scope = 'load:cvat' GROUP BY browser ORDER BY browser;

-- domains: the part behind the @
SELECT substring(user_email, position(user_email, '@') + 1) AS domain, count() AS n FROM events WHERE user_email LIKE '%@%' GROUP BY domain ORDER BY domain;

-- order-of-texts: texts are ordered by bytes
SELECT arrayJoin(['b', 'A', 'a', 'Ä', 'ä', '_', '1', '']) AS t ORDER BY t;

-- text-comparisons: texts compared by bytes
SELECT 'a' < 'b' AS a, 'B' < 'a' AS b, 'Z' < 'Ä' AS c, '10' < '9' AS d, 'a' = 'A' AS e;

-- readable-sizes: numbers for people
SELECT formatReadableSize(1536) AS a, formatReadableSize(5e9) AS b, formatReadableQuantity(1234567) AS c, formatReadableTimeDelta(3661) AS d, formatReadableTimeDelta(90061) AS e, formatReadableSize(0) AS f, formatReadableQuantity(12) AS g;

-- bars: a bar chart in text
SELECT number, bar(number, 0, 10, 10) AS bar FROM numbers(12) ORDER BY number;


-- readable-zeros: zero keeps its sign
SELECT formatReadableSize(-0.0) AS a, formatReadableQuantity(-0.0) AS b, formatReadableSize(-0.001) AS c, formatReadableTimeDelta(-0.0) AS d;

-- places-with-fractions: of a float only the whole part is a place
SELECT substring('abcdef', 2.7) AS a, left('abcdef', 0 + 0.1) AS b, substring('abcdef', 2.7, 1.9) AS c, right('abcdef', 2.9) AS d, substring('abcdef', -2.7) AS e, substringUTF8('äbcdef', 2.5) AS f, substring(scope, duration / 1000) AS g FROM events WHERE scope = 'load:cvat' AND duration < 10000 GROUP BY g ORDER BY g;

-- spans-of-time: a month has thirty days and a half
SELECT formatReadableTimeDelta(31536000), formatReadableTimeDelta(2635200), formatReadableTimeDelta(86400 * 400), formatReadableTimeDelta(NULL);

-- odd-spans-of-time: negative ones, and what is no number
SELECT formatReadableTimeDelta(-3661) AS a, formatReadableTimeDelta(0.5) AS b, formatReadableTimeDelta(-0.5) AS c, formatReadableTimeDelta(432546534) AS d, formatReadableTimeDelta(5 * 365 * 86400 / 10) AS e, formatReadableTimeDelta(nan) AS f, formatReadableTimeDelta(-1 / 0) AS g;

-- ends-by-characters: left and right of texts that are not ASCII
SELECT leftUTF8('Größe', 3), rightUTF8('Größe', 2), leftUTF8('Größe', -1), rightUTF8('Größe', -1), leftUTF8('abc', 0), rightUTF8('abc', 0), leftUTF8('abc', 10), rightUTF8('abc', 10), leftUTF8('abc', -10), rightUTF8('abc', -10);

-- ends-of-any-length: counts beyond 32 bits
SELECT leftUTF8('Größe', 5000000000), rightUTF8('Größe', 18446744073709551615), leftUTF8('Größe', toInt64('9223372036854775807')), max(length(leftUTF8(user_name, user_id))) FROM events;

-- ends-by-fractions: the whole part counts
SELECT leftUTF8('Größe', 2.7), rightUTF8('Größe', 2.7), leftUTF8('abc', (0 - 1e6));

-- places-before-the-text: what begins before the text, and lengths that are counted from its end
SELECT number AS n, substring('abcdef', number - 20, 18446744073709551615) AS a, substring('abcdef', -number, 4) AS b, substring('abcdef', -number, -2) AS c, mid('abcdef', number, -1) AS d, substring('Größe', -number, -1) AS e, substring('Größe', -number, 3) AS f, substring(concat('ab', toString(number)), -5, 4) AS g FROM numbers(12);

-- places-far-away: places beyond 32 bits
SELECT substring('it''s', -300, 18446744073709551615) AS a, mid('-7', -2147483648, 1) AS b, mid('-7', -2147483648, 2147483647) AS c, mid('-7', -2147483648, 2147483649) AS d, mid('-7', -2147483648, -1) AS e, mid('-7', -2147483648, number + 2147483646) AS f, mid('abc', 9223372036854775807, 1) AS g, mid('abc', 1, 18446744073709551614) AS h FROM numbers(5);

-- texts-of-texts: long texts that a function needs more than once
SELECT substring(substring(substring(substring(substring(concat(obj_name, 'Größe', scope), 2), 2, 200), -100), 1, 90), 2) AS x, max(leftPad(rightPad(leftPad(concat(scope, 'Größe'), 20, '*'), 25, '-'), 33, '_')) AS y, max(user_id) AS m FROM events GROUP BY x HAVING length(substring(substring(substring(x, 2), 2), 2)) > 3 ORDER BY x LIMIT 30;

-- room-in-keys: what is worked out once has one name in SELECT and GROUP BY
SELECT leftPad(rightPad(concat(scope, 'Größe'), 20, '*'), 25, '-') AS x, repeat(leftPad(concat(source, 'a'), 9, '*'), 2) AS y, count() FROM events GROUP BY leftPad(rightPad(concat(scope, 'Größe'), 20, '*'), 25, '-'), y HAVING length(x) > 3 ORDER BY x, y LIMIT 30;

-- room-in-keys-of-windows: the same beside a window
SELECT leftPad(rightPad(scope, 20, '*'), 25, '-') AS x, arrayMap(y -> concat(y, leftPad(x, 30, '.')), [x]) AS z, count() AS n, row_number() OVER (ORDER BY n DESC, x) AS r FROM events GROUP BY x ORDER BY r LIMIT 10;
