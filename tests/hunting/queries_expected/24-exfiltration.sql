WITH outbound AS (
    SELECT *, EXISTS (FROM EmailAttachmentInfo f WHERE f.NetworkMessageId = e.NetworkMessageId
        AND f.RecipientEmailAddress = e.RecipientEmailAddress AND f.FileExtension IN ('zip', '7z', 'rar', 'gz')) AS packed
    FROM EmailEvents e WHERE EmailDirection = 'Outbound'),
ways AS (
    SELECT SenderFromAddress, 'archives' AS way, RecipientEmailAddress FROM outbound WHERE packed
    UNION ALL
    SELECT SenderFromAddress, 'forwarded: ' || (ForwardingInformation ->> '$[0].ForwardingType'), RecipientEmailAddress
    FROM outbound WHERE ForwardingInformation <> '')
SELECT SenderFromAddress, way, count(*) AS copies, count(DISTINCT RecipientEmailAddress),
       round(100.0 * copies / (SELECT count(*) FROM outbound o WHERE o.SenderFromAddress = ways.SenderFromAddress), 1),
       round(100.0 * copies / (SELECT count(*) FROM outbound), 2)
FROM ways GROUP BY 1, 2 HAVING copies >= 5 ORDER BY copies DESC, 1, 2
