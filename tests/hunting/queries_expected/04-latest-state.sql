SELECT Action, ActionResult, DeliveryLocation, count(*), max(Timestamp) FROM EmailPostDeliveryEvents p
WHERE Timestamp > before(INTERVAL 30 DAY) AND NOT EXISTS (
    FROM EmailPostDeliveryEvents later WHERE later.NetworkMessageId = p.NetworkMessageId
     AND later.RecipientEmailAddress = p.RecipientEmailAddress AND later.Timestamp > p.Timestamp)
GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3
