WITH rare AS (
    SELECT SenderFromAddress FROM EmailEvents WHERE EmailDirection = 'Inbound' GROUP BY 1 HAVING count(DISTINCT Timestamp::DATE) <= 2)
SELECT f.SHA256, f.FileName, d.DeviceName, d.InitiatingProcessAccountUpn, count(DISTINCT e.NetworkMessageId), min(e.Timestamp),
       min(d.Timestamp), list_sort(list(DISTINCT e.Subject))
FROM EmailAttachmentInfo f JOIN EmailEvents e USING (NetworkMessageId, RecipientEmailAddress)
JOIN DeviceFileEvents d ON d.SHA256 = f.SHA256 AND lower(d.InitiatingProcessAccountUpn) = lower(f.RecipientEmailAddress)
WHERE f.SenderFromAddress IN (FROM rare) AND f.SHA256 <> '' AND d.ActionType = 'FileCreated'
  AND lower(f.FileExtension) IN ('docm', 'xlsm', 'dotm', 'pptm')
GROUP BY 1, 2, 3, 4 ORDER BY 7, 3
