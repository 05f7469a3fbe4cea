-- rollup: sums of sums, with default keys
SELECT source, toMonth(timestamp) AS month, count() AS n FROM events GROUP BY source, month WITH ROLLUP ORDER BY source, month, n;

-- rollup-function: GROUP BY ROLLUP(...)
SELECT source, toMonth(timestamp) AS month, count() AS n FROM events GROUP BY ROLLUP(source, month) ORDER BY source, month, n;

-- cube: each combination of keys
SELECT source, toYear(timestamp) AS year, count() AS n FROM events GROUP BY source, year WITH CUBE ORDER BY source, year, n;


-- totals: WITH TOTALS adds its row elsewhere
SELECT source, count() AS n FROM events GROUP BY source WITH TOTALS ORDER BY source;

-- rollup-of-nullable: keys that may be NULL
SELECT org_id, source, count() AS n FROM events GROUP BY org_id, source WITH ROLLUP ORDER BY org_id, source, n;

-- grouping-sets: each set of keys by itself
SELECT source, toMonth(timestamp) AS month, count() AS n FROM events GROUP BY GROUPING SETS ((source), (month), ()) ORDER BY source, month, n;

-- grouping-sets-of-aliases: keys that are computed, and one that may be NULL
SELECT upper(source) AS s, org_id AS org, count() AS n, s || '!' AS loud FROM events GROUP BY GROUPING SETS ((s, org), (s), (org)) HAVING n > 100 ORDER BY s, org, n;

-- grouping-sets-twice: a key without parentheses, and a set that is written twice
SELECT source, max(duration) AS longest FROM events GROUP BY GROUPING SETS (source, (source)) ORDER BY source;

-- grouping-sets-of-no-rows: only the total has a row
SELECT source, count() AS n, max(duration) AS longest, avg(duration) AS usual FROM events WHERE scope = 'no:such' GROUP BY GROUPING SETS ((source), ());

-- cube-of-tuples: the elements of a tuple are keys
SELECT tuple(number) AS x FROM numbers(2) GROUP BY number, tuple(number) WITH CUBE ORDER BY x;

-- rollup-of-tuples: in ROLLUP, too
SELECT (source, project_id) AS x, count() AS n FROM events WHERE project_id < 4 GROUP BY x WITH ROLLUP ORDER BY x, n;
