SELECT SenderFromAddress, time_bucket(INTERVAL 10 MINUTE, Timestamp) AS bucket, count(DISTINCT RecipientEmailAddress) AS reached, count(*)
FROM EmailEvents e
WHERE Timestamp > before(INTERVAL 3 DAY) AND EmailDirection = 'Inbound' AND DeliveryAction = 'Delivered' AND ThreatTypes = ''
  AND NOT EXISTS (FROM EmailEvents old WHERE old.SenderFromAddress = e.SenderFromAddress AND old.Timestamp <= before(INTERVAL 3 DAY))
GROUP BY ALL HAVING reached > 20 ORDER BY bucket, SenderFromAddress
