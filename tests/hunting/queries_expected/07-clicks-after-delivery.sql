SELECT c.Timestamp, c.AccountUpn, c.Url, c.ActionType, e.SenderFromAddress, e.Subject, e.LatestDeliveryLocation,
       date_diff('minute', e.Timestamp, c.Timestamp)
FROM UrlClickEvents c JOIN EmailEvents e ON e.NetworkMessageId = c.NetworkMessageId AND e.RecipientEmailAddress = c.AccountUpn
WHERE c.Timestamp > before(INTERVAL 7 DAY) AND (c.IsClickedThrough OR c.ActionType = 'ClickAllowed')
  AND regexp_matches(e.ThreatTypes, 'Phish|Malware')
ORDER BY c.Timestamp, c.AccountUpn
