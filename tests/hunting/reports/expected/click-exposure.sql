-- headline
SELECT count(DISTINCT account), count(*), count(*) FILTER (clicked < removed), count(*) FILTER (clicked >= removed),
       count(*) FILTER (removed IS NULL), count(DISTINCT Url) FROM exposed
-- blocked
SELECT count(*) FROM UrlClickEvents
WHERE within(Timestamp) AND Workload = 'Email' AND ActionType <> 'ClickAllowed' AND NOT coalesce(IsClickedThrough, false)
-- days
SELECT date_trunc('day', Timestamp)::TIMESTAMP, ActionType, count(*) FROM UrlClickEvents WHERE within(Timestamp) AND Workload = 'Email'
GROUP BY ALL ORDER BY 1, 2
-- speed
WITH waited AS (SELECT account, epoch(clicked - delivered) / 60 AS minutes FROM exposed)
SELECT CASE WHEN minutes < 15 THEN 'within 15 minutes' WHEN minutes < 60 THEN 'within an hour' WHEN minutes < 240 THEN 'within 4 hours'
            WHEN minutes < 1440 THEN 'within a day' ELSE 'later' END, count(*), count(DISTINCT account)
FROM waited GROUP BY 1 ORDER BY min(minutes)
-- people
SELECT min(clicked), account, min(Subject), count(*), date_diff('minute', min(delivered), min(clicked)),
       date_diff('minute', min(clicked), min(removed)), min(removed)
FROM exposed GROUP BY NetworkMessageId, account ORDER BY 1, 2, 3
-- links
SELECT Url, count(*), count(DISTINCT account), min(clicked), max(clicked) FROM exposed GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 25
