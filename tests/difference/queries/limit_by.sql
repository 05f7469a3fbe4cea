-- top-scope-of-each: one row for each user
SELECT user_id, scope, count() AS n FROM events GROUP BY user_id, scope ORDER BY user_id, n DESC, scope LIMIT 1 BY user_id;

-- two-of-each-and-ten: LIMIT BY, and LIMIT after it
SELECT project_id, user_id, count() AS n FROM events GROUP BY project_id, user_id ORDER BY project_id, n DESC, user_id LIMIT 2 BY project_id LIMIT 10;

-- second-and-third: LIMIT BY with an offset
SELECT project_id, user_id, count() AS n FROM events GROUP BY project_id, user_id ORDER BY project_id, n DESC, user_id LIMIT 2 OFFSET 1 BY project_id;

-- limit-by-two: LIMIT BY two columns, of which one is NULL here and there
SELECT project_id, source, obj_id FROM events WHERE obj_id IS NOT NULL ORDER BY project_id, source, obj_id DESC LIMIT 1 BY project_id, source;

-- limit-by-expression: LIMIT BY an expression
SELECT obj_id, scope FROM events WHERE obj_id < 200 ORDER BY obj_id LIMIT 1 BY splitByChar(':', scope)[1];

-- distinct-and-limit-by: DISTINCT comes first
SELECT DISTINCT project_id, user_id FROM events ORDER BY project_id, user_id LIMIT 2 BY project_id;

-- limit-by-in-a-subquery: latest event of each user, counted
SELECT source, count() AS n FROM (SELECT user_id, source FROM events WHERE obj_id IS NOT NULL ORDER BY obj_id DESC LIMIT 1 BY user_id) GROUP BY source ORDER BY source;

-- with-ties: LIMIT … WITH TIES keeps rows that are equal to the last
SELECT half, number FROM (SELECT intDiv(number, 2) AS half, number FROM numbers(10) ORDER BY half LIMIT 3 WITH TIES) ORDER BY half, number;
