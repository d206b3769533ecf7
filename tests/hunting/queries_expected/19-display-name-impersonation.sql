WITH private AS (
    FROM EmailEvents e WHERE EmailDirection = 'Inbound'
     AND regexp_matches(SenderFromDomain, '^(postfach|mailhafen|letterbox)\.example$')
     AND NOT EXISTS (FROM EmailEvents o WHERE o.EmailDirection = 'Outbound' AND o.RecipientEmailAddress = e.SenderFromAddress)),
many AS (
    SELECT SenderFromAddress, count(*) AS copies, list_sort(list(DISTINCT SenderDisplayName)) AS names FROM private
    GROUP BY SenderFromAddress, Timestamp::DATE HAVING count(DISTINCT SenderDisplayName) >= 4),
staff AS (
    SELECT SenderFromAddress, SenderDisplayName, count(*) AS copies FROM private
    WHERE SenderDisplayName IN (SELECT AccountDisplayName FROM IdentityInfo WHERE Type = 'User') GROUP BY ALL)
SELECT 'many names' AS reason, SenderFromAddress, array_to_string(names, '; ') AS names, copies FROM many
UNION ALL SELECT 'name of an employee', SenderFromAddress, SenderDisplayName, copies FROM staff ORDER BY 1, 2, 3
