SELECT e.Timestamp, z.Timestamp, e.NetworkMessageId, e.RecipientEmailAddress, e.SenderFromAddress, e.Subject, z.ActionType,
       z.ActionResult, z.DeliveryLocation
FROM EmailEvents e, EmailPostDeliveryEvents z
WHERE e.NetworkMessageId = z.NetworkMessageId AND e.RecipientEmailAddress = z.RecipientEmailAddress
  AND e.EmailDirection = 'Inbound' AND e.DeliveryAction = 'Delivered' AND z.ActionType ILIKE '%zap%'
  AND EXISTS (FROM EmailUrlInfo u WHERE u.NetworkMessageId = e.NetworkMessageId AND u.Timestamp > before(INTERVAL 7 DAY)
              AND split_part(u.Url, '/', 1) IN ('http:', 'https:') AND split_part(u.Url, '/', 3) LIKE '%paketdienst.example'
              AND split_part(u.Url, '/', 4) = 'track')
ORDER BY z.Timestamp, e.NetworkMessageId, e.RecipientEmailAddress
