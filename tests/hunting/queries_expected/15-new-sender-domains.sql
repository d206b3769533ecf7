SELECT SenderFromDomain, min(Timestamp) AS first, count(DISTINCT NetworkMessageId), count(DISTINCT RecipientEmailAddress),
       sum((ThreatTypes <> '')::INT), sum(IsFirstContact::INT)
FROM EmailEvents WHERE EmailDirection = 'Inbound' GROUP BY 1 HAVING first > before(INTERVAL 7 DAY) ORDER BY first DESC LIMIT 20
