-- headline
SELECT count(*), count(DISTINCT NetworkMessageId), count(DISTINCT RecipientEmailAddress), sum((ActionType LIKE '% ZAP')::INT),
       sum((ActionTrigger = 'Automation')::INT), sum((ActionTrigger = 'AdminAction')::INT)
FROM EmailPostDeliveryEvents WHERE within(Timestamp)
-- overtime
SELECT day, kind, count(e.Timestamp) FROM days
CROSS JOIN (SELECT DISTINCT ActionType AS kind FROM EmailPostDeliveryEvents WHERE within(Timestamp))
LEFT JOIN EmailPostDeliveryEvents e ON date_trunc('day', e.Timestamp) = day AND e.ActionType = kind GROUP BY 1, 2 ORDER BY 1, 2
-- zap
SELECT ActionType, Action, ActionResult, count(*), count(DISTINCT NetworkMessageId), min(Timestamp), max(Timestamp)
FROM EmailPostDeliveryEvents WHERE within(Timestamp) AND ActionType IN ('Phish ZAP', 'Malware ZAP', 'Spam ZAP')
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
-- admins
SELECT day, count(e.Action) FILTER (e.Action = 'Soft delete'), count(e.Action) FILTER (e.Action = 'Hard delete'),
       count(e.Action) FILTER (e.Action = 'Moved to junk folder'), count(e.Action) FILTER (e.Action = 'Moved to inbox'),
       count(e.Action) FILTER (e.Action NOT IN ('Soft delete', 'Hard delete', 'Moved to junk folder', 'Moved to inbox'))
FROM days LEFT JOIN EmailPostDeliveryEvents e ON date_trunc('day', e.Timestamp) = day AND e.ActionTrigger = 'AdminAction'
GROUP BY 1 ORDER BY 1
-- mailboxes
WITH latest AS (
    SELECT DISTINCT ON (NetworkMessageId, RecipientEmailAddress) * FROM EmailPostDeliveryEvents
    WHERE within(Timestamp) AND ActionType = 'Manual Remediation' AND ActionResult = 'Success'
      AND Action IN ('Soft delete', 'Hard delete', 'Moved to junk folder')
    ORDER BY NetworkMessageId, RecipientEmailAddress, Timestamp DESC)
SELECT RecipientEmailAddress, count(*), sum((Action = 'Soft delete')::INT), sum((Action = 'Hard delete')::INT),
       sum((Action = 'Moved to junk folder')::INT), min(Timestamp), max(Timestamp) FROM latest GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
-- places
SELECT DeliveryLocation, count(*), count(DISTINCT RecipientEmailAddress) FROM EmailPostDeliveryEvents
WHERE within(Timestamp) AND ActionResult = 'Success' GROUP BY 1 ORDER BY 2 DESC, 1
