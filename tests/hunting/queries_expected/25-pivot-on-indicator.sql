WITH line AS (
    SELECT Timestamp, 'EmailEvents' AS source, RecipientEmailAddress AS account, 'location, subject' AS fields
    FROM EmailEvents WHERE SenderFromDomain = 'secure-paketdienst.example'
    UNION ALL SELECT Timestamp, 'UrlClickEvents', AccountUpn, 'action, reached' FROM UrlClickEvents
    WHERE Url LIKE '%secure-paketdienst.example%'
    UNION ALL SELECT Timestamp, 'EntraIdSignInEvents', AccountUpn, 'country, error' FROM EntraIdSignInEvents WHERE IPAddress = '203.0.113.66'
    UNION ALL SELECT Timestamp, 'CloudAppEvents', AccountId, 'action' FROM CloudAppEvents WHERE IPAddress = '203.0.113.66'
    UNION ALL SELECT Timestamp, 'DeviceNetworkEvents', InitiatingProcessAccountUpn, '' FROM DeviceNetworkEvents
    WHERE RemoteUrl LIKE '%secure-paketdienst.example%'
    UNION ALL SELECT Timestamp, 'AlertEvidence', AccountUpn, '' FROM AlertEvidence
    WHERE concat_ws(' ', RemoteUrl, AdditionalFields, EmailSubject) LIKE '%secure-paketdienst.example%')
SELECT source, count(*), min(Timestamp), max(Timestamp), count(DISTINCT account), any_value(fields)
FROM line WHERE Timestamp > before(INTERVAL 7 DAY) GROUP BY source ORDER BY 3, 1
