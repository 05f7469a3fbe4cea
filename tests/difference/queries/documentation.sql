-- active-users: the example of CVAT's documentation, active users in steps of 15 minutes
SELECT
    time,
    uniqExact(user_id) Users
FROM
(
    SELECT
      user_id,
      toStartOfInterval(timestamp, INTERVAL 15 minute) as time
    FROM cvat.events
    WHERE
      user_id IS NOT NULL
    GROUP BY
      user_id,
      time
    ORDER BY time ASC WITH FILL STEP toIntervalMinute(15)
)
GROUP BY time
ORDER BY time;

-- active-users-of-a-day: the same for a day and a night
SELECT time, uniqExact(user_id) Users
FROM (SELECT user_id, toStartOfInterval(timestamp, INTERVAL 15 minute) AS time FROM cvat.events
      WHERE user_id IS NOT NULL AND timestamp >= '2026-07-01 00:00:00' AND timestamp < '2026-07-02 06:00:00'
      GROUP BY user_id, time ORDER BY time ASC WITH FILL STEP toIntervalMinute(15))
GROUP BY time ORDER BY time;

-- active-users-now: who is active in this quarter of an hour
SELECT uniqExact(user_id) AS "Active users (now)" FROM cvat.events WHERE user_id IS NOT NULL AND timestamp >= now() - INTERVAL 15 MINUTE;

-- working-hours: hours of each user and job, as the documentation explains working time
SELECT user_id, job_id, sum(JSONExtractUInt(payload, 'working_time')) / 1000 / 3600 AS hours FROM events WHERE JSONHas(payload, 'working_time') AND source = 'client' GROUP BY user_id, job_id ORDER BY hours DESC, user_id, job_id LIMIT 100;
