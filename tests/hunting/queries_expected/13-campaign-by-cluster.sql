WITH inbound AS (FROM EmailEvents WHERE EmailDirection = 'Inbound'),
short_lived AS (
    SELECT SenderFromDomain FROM inbound GROUP BY 1 HAVING max(Timestamp) < min(Timestamp) + INTERVAL 12 HOUR)
SELECT min(Timestamp), EmailClusterId, count(*), count(DISTINCT RecipientEmailAddress), count(DISTINCT Subject),
       count(DISTINCT SenderFromDomain), min(SenderFromDomain)
FROM inbound SEMI JOIN short_lived USING (SenderFromDomain)
WHERE EmailClusterId <> 0 GROUP BY EmailClusterId HAVING count(*) >= 20 ORDER BY 3 DESC, 2
