-- time-filter: $__timeFilter cuts the milliseconds of the range
SELECT count(), min(timestamp), max(timestamp) FROM events WHERE $__timeFilter(timestamp);

-- time-filter-ms: $__timeFilter_ms keeps them
SELECT count(), min(timestamp), max(timestamp) FROM events WHERE $__timeFilter_ms(timestamp);

-- date-filter: $__dateFilter takes whole days
SELECT count() AS n FROM events WHERE $__dateFilter(toDate(timestamp));

-- date-time-filter: $__dateTimeFilter and its short form $__dt
SELECT countIf($__dateTimeFilter(toDate(timestamp), timestamp)) AS a, countIf($__dt(toDate(timestamp), timestamp)) AS b FROM events;

-- ends: $__timeFrom and $__timeTo
SELECT countIf($__timeFrom(timestamp)) AS a, countIf($__timeTo(timestamp)) AS b FROM events;

-- times: $__fromTime, $__toTime, with and without parentheses, and in ms
SELECT count() FROM events WHERE timestamp >= $__fromTime AND timestamp <= $__toTime() AND timestamp >= $__fromTime_ms AND timestamp <= $__toTime_ms;

-- buckets: $__timeInterval takes the width from the panel
SELECT $__timeInterval(timestamp) AS time, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time;

-- buckets-ms: $__timeInterval_ms
SELECT $__timeInterval_ms(timestamp) AS time, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time;

-- groups: $__timeGroup takes the width from its argument
SELECT $__timeGroup(timestamp, 90m) AS time, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time;

-- groups-in-quotes: the width in quotes, of hours and minutes
SELECT $__timeGroup(timestamp, '1h30m') AS time, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time;

-- width: $__interval_s is a number
SELECT intDiv(toUnixTimestamp(timestamp), $__interval_s) AS bucket, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY bucket ORDER BY bucket;

-- range-in-ms: $__from, $__to and $__interval_ms
SELECT $__from AS f, ${__to} AS t, $__interval_ms AS ms, count() FROM events WHERE toUnixTimestamp64Milli(timestamp) BETWEEN $__from AND $__to;

-- conditional: $__conditionalAll drops its condition where all are chosen
SELECT count() FROM events WHERE $__conditionalAll(user_id IN (${everyone}), $everyone) AND $__conditionalAll(project_id IN (${projects}), $projects);

-- spellings: a variable in its three spellings
SELECT countIf(project_id IN ($projects)) AS a, countIf(project_id IN (${projects})) AS b, countIf(project_id IN ([[projects]])) AS c FROM events;

-- formats: a variable as csv, as quoted list, and as it is
SELECT countIf(project_id IN (${projects:csv})) AS a, countIf(scope IN (${scopes:singlequote})) AS b, countIf(scope IN (${scopes:sqlstring})) AS c, countIf(toString(project_id) = '${one:raw}') AS d FROM events;

-- single: a single-value variable is pasted bare
SELECT count() FROM events WHERE project_id = $one AND task_id > ${one};

-- in-comments: macros in comments do nothing
SELECT count() -- $__timeFilter(timestamp) $__nothing
FROM events /* $__timeInterval( */ WHERE $__timeFilter(timestamp);
