WITH different AS (
    SELECT *, AuthenticationDetails LIKE '%"DMARC":"fail"%' AND AuthenticationDetails LIKE '%"CompAuth":"fail"%' AS failing
    FROM EmailEvents WHERE EmailDirection = 'Inbound' AND SenderFromDomain <> SenderMailFromDomain)
SELECT SenderFromDomain, SenderMailFromDomain, count(*), count(*) FILTER (failing),
       count(*) FILTER (DetectionMethods LIKE '%"Spoof external domain"%'), round(100.0 * avg(failing::INT), 1)
FROM different GROUP BY 1, 2 HAVING bool_or(failing) ORDER BY 4 DESC, 1, 2
