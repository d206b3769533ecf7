SELECT date_trunc('day', Timestamp)::TIMESTAMP, ActionResult, count(*), count(DISTINCT NetworkMessageId)
FROM EmailPostDeliveryEvents
WHERE Timestamp > before(INTERVAL 30 DAY) AND ActionTrigger IN ('Automation', 'SpecialAction') AND ActionType <> 'Redelivery'
GROUP BY ALL ORDER BY 1, 2
