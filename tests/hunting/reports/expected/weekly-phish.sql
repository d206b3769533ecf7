-- headline
SELECT count(*), count(*) FILTER (threat(ThreatTypes)), count(*) FILTER (threat(ThreatTypes) AND DeliveryAction = 'Blocked'),
       count(*) FILTER (threat(ThreatTypes) AND mailbox(DeliveryLocation)),
       count(*) FILTER (threat(ThreatTypes) AND mailbox(DeliveryLocation) AND NOT mailbox(place)),
       count(*) FILTER (threat(ThreatTypes) AND mailbox(place))
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp)
-- days
SELECT date_trunc('day', Timestamp)::TIMESTAMP AS day,
       CASE WHEN mailbox(place) THEN 'Still in a mailbox' WHEN mailbox(DeliveryLocation) THEN 'Removed since'
            WHEN DeliveryAction = 'Blocked' THEN 'Stopped before delivery' ELSE 'Elsewhere' END AS fate, count(*)
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND threat(ThreatTypes) GROUP BY ALL ORDER BY 1, 2
-- remaining
SELECT SenderFromAddress, Subject, ThreatTypes, count(*), count(DISTINCT RecipientEmailAddress), min(Timestamp),
       count(*) FILTER (place = 'Inbox/folder')
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND threat(ThreatTypes) AND mailbox(place)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2 LIMIT 10
-- actions
SELECT ActionType, Action, ActionResult, count(*), count(DISTINCT NetworkMessageId), count(DISTINCT RecipientEmailAddress)
FROM EmailPostDeliveryEvents WHERE within(Timestamp) AND ActionType <> 'Redelivery' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
-- failures
SELECT count(*) FROM EmailPostDeliveryEvents WHERE within(Timestamp) AND ActionType <> 'Redelivery' AND ActionResult <> 'Success'
-- people
SELECT RecipientEmailAddress, count(*), sum(mailbox(DeliveryLocation)::INT), sum(mailbox(place)::INT)
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND threat(ThreatTypes) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
-- senders
SELECT SenderFromDomain, count(*), count(DISTINCT NetworkMessageId), count(DISTINCT RecipientEmailAddress),
       round(100.0 * sum((DeliveryAction = 'Blocked')::INT) / count(*), 1)
FROM mail WHERE EmailDirection = 'Inbound' AND within(Timestamp) AND threat(ThreatTypes) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
