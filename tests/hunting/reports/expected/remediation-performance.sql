-- overall
WITH ranked AS (SELECT list_sort(list(minutes)) AS m FROM (
    SELECT date_diff('minute', delivered, min(acted)) AS minutes FROM removals GROUP BY NetworkMessageId, RecipientEmailAddress, delivered))
SELECT len(m), round(m[ceil(0.5 * len(m))::INT] / 60, 1), round(m[ceil(0.9 * len(m))::INT] / 60, 1), round(m[len(m)] / 60, 1) FROM ranked
-- latency
WITH waited AS (
    SELECT ActionType, date_diff('minute', delivered, min(acted)) AS minutes FROM removals
    GROUP BY ActionType, NetworkMessageId, RecipientEmailAddress, delivered),
ranked AS (SELECT ActionType, list_sort(list(minutes)) AS m FROM waited GROUP BY 1)
SELECT ActionType, len(m), round(list_avg(m), 1), m[ceil(0.8 * len(m))::INT], m[ceil(0.9 * len(m))::INT], m[ceil(0.99 * len(m))::INT]
FROM ranked ORDER BY 2 DESC, 1
-- latencydays
WITH waited AS (
    SELECT min(acted) AS acted, date_diff('minute', delivered, min(acted)) AS minutes FROM removals
    GROUP BY NetworkMessageId, RecipientEmailAddress, delivered),
ranked AS (SELECT date_trunc('day', acted)::TIMESTAMP AS day, list_sort(list(minutes)) AS m FROM waited GROUP BY 1)
SELECT day, len(m), round(list_avg(m), 1), m[ceil(0.8 * len(m))::INT], m[ceil(0.9 * len(m))::INT], m[ceil(0.99 * len(m))::INT]
FROM ranked ORDER BY 1
-- efficiency
SELECT date_trunc('day', Timestamp)::TIMESTAMP, ActionResult, count(*) FROM EmailPostDeliveryEvents
WHERE within(Timestamp) AND ActionType <> 'Redelivery' GROUP BY ALL ORDER BY 1, 2
-- failed
SELECT ActionType, Action, ActionResult, count(*), count(DISTINCT RecipientEmailAddress) FROM EmailPostDeliveryEvents
WHERE within(Timestamp) AND ActionType <> 'Redelivery' AND ActionResult <> 'Success' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
-- approval
SELECT CASE ActionTrigger WHEN 'Automation' THEN 'automation' ELSE 'a person' END, count(*), count(DISTINCT NetworkMessageId)
FROM EmailPostDeliveryEvents WHERE within(Timestamp) AND ActionType = 'Automated Remediation' GROUP BY 1 ORDER BY 1
-- efficacy
SELECT round(100.0 * sum((DeliveryAction = 'Blocked')::INT) / count(*), 1),
       round(100.0 * sum((mailbox(DeliveryLocation) AND NOT mailbox(place))::INT) / count(*), 1),
       round(100.0 * sum(mailbox(place)::INT) / count(*), 1)
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND ThreatTypes <> ''
-- efficacybythreat
SELECT ThreatTypes, count(*), sum((DeliveryAction = 'Blocked')::INT), sum((mailbox(DeliveryLocation) AND NOT mailbox(place))::INT),
       sum(mailbox(place)::INT), sum((DeliveryAction <> 'Blocked' AND NOT mailbox(DeliveryLocation) AND NOT mailbox(place))::INT)
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND ThreatTypes <> '' GROUP BY 1 ORDER BY 2 DESC, 1
