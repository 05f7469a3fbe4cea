-- day-that-shadows-the-time: an alias wins over the column of the same name, in WHERE and GROUP BY
SELECT toDate(timestamp) AS timestamp, count() AS n FROM events WHERE timestamp >= '2026-08-01' GROUP BY timestamp ORDER BY timestamp;

-- scope-in-capitals: the alias is what WHERE compares
SELECT upper(scope) AS scope, count() AS n FROM events WHERE scope = 'DRAW:OBJECT' GROUP BY scope;

-- shadowed-in-having-and-order: and what HAVING and ORDER BY see
SELECT intDiv(duration, 1000) AS duration, count() AS n FROM events WHERE scope = 'change:frame' GROUP BY duration HAVING duration < 5 ORDER BY duration DESC;

-- shadowed-in-other-columns: and what the other columns see
SELECT toHour(timestamp) AS timestamp, timestamp + 1 AS next, count() AS n FROM events GROUP BY timestamp ORDER BY timestamp;

-- not-in-its-own-definition: within its own definition the name is the column
SELECT duration + 1 AS duration FROM events WHERE scope = 'restore:job' ORDER BY duration LIMIT 5;

-- sum-that-shadows: an aggregate may have the name of its column
SELECT scope, sum(duration) AS duration, max(count) AS count FROM events GROUP BY scope ORDER BY duration DESC, scope LIMIT 10;

-- count-named-events: an alias may have the table's name
SELECT count() AS events, events * 2 AS twice FROM events;

-- count-named-count: an alias may have a column's name and a function's
SELECT count() AS count, uniqExact(user_id) AS users FROM events;

-- where-knows-aliases: WHERE uses what SELECT names
SELECT JSONExtractUInt(payload, 'working_time') AS worked, count() AS n FROM events WHERE worked > 3000000 GROUP BY worked ORDER BY worked;

-- chains: aliases of aliases
SELECT 1 AS a, a + 1 AS b, b * 10 AS c, c - a AS d;

-- chains-of-aggregates: aliases of aggregates in other expressions
SELECT user_id, count() AS n, sum(duration) AS total, total / n AS mean, mean > 1000000 AS long FROM events GROUP BY user_id ORDER BY n DESC, user_id;

-- later-alias: an alias may be used before it is made
SELECT hour + 1 AS next, toHour(timestamp) AS hour, count() AS n FROM events GROUP BY hour ORDER BY hour;

-- alias-in-an-argument: an alias made inside a call
SELECT sum(duration AS d) AS total, max(d) AS most FROM events;

-- without-as: aliases without AS
SELECT toDate(timestamp) d, count(*) Count FROM events WHERE project_id = 8 GROUP BY d ORDER BY d;

-- two-cases: names that differ in their case are two names
SELECT scope AS Scope, upper(scope) AS SCOPE, count() AS n FROM events WHERE scope LIKE 'draw%' GROUP BY Scope, SCOPE ORDER BY Scope;

-- shadowed-in-a-subquery: the same in a subquery
SELECT timestamp, n FROM (SELECT toStartOfMonth(timestamp) AS timestamp, count() AS n FROM events WHERE timestamp > '2026-06-30' GROUP BY timestamp) ORDER BY timestamp;

-- qualified-is-the-column: with the table's name it is the column
SELECT upper(scope) AS scope, count() AS n FROM events WHERE events.scope = 'draw:object' GROUP BY scope;

-- alias-in-a-condition: an alias in -If and in multiIf
SELECT toHour(timestamp) AS hour, countIf(hour < 12) AS morning, if(hour < 12, 'am', 'pm') AS half FROM events GROUP BY hour ORDER BY hour;

-- spaces-in-names: names in quotes, used in ORDER BY
SELECT scope AS "the scope", count() AS "n (all)" FROM events GROUP BY "the scope" ORDER BY "n (all)" DESC, "the scope" LIMIT 5;

-- alias-in-limit-by: aliases in LIMIT BY
SELECT toMonth(timestamp) AS month, user_id, count() AS n FROM events GROUP BY month, user_id ORDER BY month, n DESC, user_id LIMIT 1 BY month;

-- browser-in-where: the dashboards' way to name and filter at once
SELECT concat(JSON_VALUE(payload, '$.platform.name'), ' ', JSON_VALUE(payload, '$.platform.version')) AS browser, count() AS n FROM events WHERE scope = 'load:cvat' AND browser != ' ' GROUP BY browser ORDER BY browser;

-- grafana-names: what a variable's query names its columns
SELECT scope AS __text, count() AS __value FROM events GROUP BY __text ORDER BY __value DESC, __text LIMIT 10;
