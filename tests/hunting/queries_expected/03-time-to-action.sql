WITH first_action AS (
    SELECT NetworkMessageId, RecipientEmailAddress, min(Timestamp) AS first_time FROM EmailPostDeliveryEvents
    WHERE ActionResult = 'Success' AND ActionType <> 'Redelivery' GROUP BY ALL),
waited AS (
    SELECT date_trunc('day', Timestamp)::TIMESTAMP AS day, date_diff('minute', Timestamp, first_time) AS minutes
    FROM EmailEvents JOIN first_action USING (NetworkMessageId, RecipientEmailAddress)
    WHERE DeliveryAction IN ('Delivered', 'Junked') AND Timestamp > before(INTERVAL 30 DAY)),
ranked AS (SELECT day, list_sort(list(minutes)) AS m FROM waited GROUP BY day)
SELECT day, len(m), round(list_avg(m), 2), m[ceil(0.8 * len(m))::INT], m[ceil(0.9 * len(m))::INT], m[ceil(0.99 * len(m))::INT]
FROM ranked ORDER BY day
