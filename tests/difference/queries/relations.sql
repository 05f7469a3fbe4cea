-- working-time-by-person: hours of the relation beside the events
SELECT user_id, sum(ms) AS ms, count() AS n FROM hours GROUP BY user_id ORDER BY user_id;

-- whole-hours: every column, with ClickHouse's names and types
SELECT * FROM hours ORDER BY started, user_id, project_id, task_id, job_id, ms;

-- days-of-a-zone: days are those of the session
SELECT day, sum(ms) AS ms FROM hours WHERE day BETWEEN '2026-07-01' AND '2026-07-31' GROUP BY day ORDER BY day SETTINGS session_timezone = 'America/New_York';

-- intervals-of-a-week: a column of a relation, by the relation's name
SELECT intervals.started, intervals.ms FROM intervals WHERE intervals.started >= toDateTime('2026-07-06 00:00:00') AND intervals.started < toDateTime('2026-07-13 00:00:00') ORDER BY started, ms;

-- no-session: what came without intervals is in no session
SELECT count(), sum(presence_ms) FROM sessions;

-- changes-of-jobs: transitions with what was before and after, of jobs whose events name their requests
SELECT * FROM job_transitions WHERE project_id = 901 ORDER BY job_id, number;

-- a-job-in-the-database: the relation as a table of cvat
SELECT t.job_id, t.stage_after, t.state_after, t.round FROM cvat.job_transitions AS t WHERE t.project_id = 901 ORDER BY t.job_id, t.number;

-- what-was-decided: decisions, and who had to wait
SELECT * FROM decisions ORDER BY job_id, number;

-- first-pass: a rate over decisions
SELECT annotator_id, countIf(decision = 'accepted') / count() AS rate FROM decisions WHERE number = 1 GROUP BY annotator_id ORDER BY annotator_id;

-- lives-of-jobs: stretches of jobs, whole, of the same
SELECT * FROM status_intervals WHERE project_id = 901 ORDER BY job_id, number;

-- objects-by-origin: changes of objects by where they came from
SELECT origin, sum(created), sum(updated), sum(deleted), sum(net) FROM objects WHERE project_id = 901 GROUP BY origin ORDER BY origin;

-- issues-of-all: opened and resolved
SELECT * FROM issues ORDER BY job_id, issue_id;

-- relations-joined: two relations, one of them twice
SELECT d.job_id, sum(h.ms) AS ms, any(i.issue_id) AS issue FROM decisions AS d LEFT JOIN hours AS h ON h.job_id = d.job_id LEFT JOIN issues AS i ON i.job_id = d.job_id GROUP BY d.job_id ORDER BY d.job_id;

-- relation-beside-events: and the events themselves
SELECT e.scope, count() AS n FROM events AS e WHERE e.job_id IN (SELECT job_id FROM job_transitions WHERE change = 'deleted') GROUP BY e.scope ORDER BY e.scope;

-- nulls-of-joins: relations mean the same with settings beside them
SELECT stage, role, sum(ms) AS ms FROM hours GROUP BY stage, role ORDER BY stage, role SETTINGS join_use_nulls = 1, aggregate_functions_null_for_empty = 1;

-- own-name-first: a table of WITH goes before the relation
WITH hours AS (SELECT 1 AS ms) SELECT sum(ms) FROM hours;
