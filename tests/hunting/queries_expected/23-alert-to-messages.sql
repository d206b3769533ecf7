WITH named AS (
    SELECT DISTINCT AlertId, NetworkMessageId, AdditionalFields ->> '$.LastVerdict' AS verdict FROM AlertEvidence
    WHERE EntityType = 'MailMessage'),
copies AS (
    SELECT AlertId, verdict, e.*, (SELECT count(*) FROM UrlClickEvents c WHERE c.NetworkMessageId = e.NetworkMessageId
        AND c.AccountUpn = e.RecipientEmailAddress AND (c.ActionType = 'ClickAllowed' OR c.IsClickedThrough)) AS clicks
    FROM named JOIN EmailEvents e USING (NetworkMessageId))
SELECT AlertId, Title, Severity, verdict, count(DISTINCT NetworkMessageId), count(DISTINCT RecipientEmailAddress), sum(clicks)::BIGINT,
       count(*) FILTER (LatestDeliveryLocation IN ('Inbox/folder', 'Junk folder'))
FROM copies JOIN AlertInfo USING (AlertId) WHERE ServiceSource = 'Microsoft Defender for Office 365'
GROUP BY ALL ORDER BY 6 DESC, 1
