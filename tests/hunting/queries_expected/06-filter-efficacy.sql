WITH threats AS (
    SELECT *, EXISTS (FROM EmailPostDeliveryEvents z WHERE z.NetworkMessageId = e.NetworkMessageId
        AND z.RecipientEmailAddress = e.RecipientEmailAddress AND z.ActionType IN ('Phish ZAP', 'Malware ZAP', 'Spam ZAP')
        AND z.ActionResult = 'Success') AS purged
    FROM EmailEvents e WHERE EmailDirection = 'Inbound' AND DetectionMethods <> ''),
figures AS (
    SELECT 1 AS place, 'stopped before delivery' AS figure, count(*) FILTER (DeliveryAction = 'Blocked') AS copies FROM threats
    UNION ALL SELECT 2, 'purged after delivery', count(*) FILTER (purged AND DeliveryAction <> 'Blocked') FROM threats
    UNION ALL SELECT 3, 'delivered and left there', count(*) FILTER (NOT purged AND DeliveryAction = 'Delivered') FROM threats
    UNION ALL SELECT 4, 'threats in all', count(*) FROM threats)
SELECT figure, copies, round(100.0 * copies / (SELECT count(*) FROM threats), 2), false FROM figures ORDER BY place
