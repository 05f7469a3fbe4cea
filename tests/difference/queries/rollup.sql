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
