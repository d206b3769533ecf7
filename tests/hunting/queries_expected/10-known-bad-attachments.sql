SELECT f.Timestamp, f.SHA256, f.FileName, f.SenderFromAddress, f.RecipientEmailAddress, f.NetworkMessageId, e.Subject,
       e.LatestDeliveryLocation
FROM EmailAttachmentInfo f JOIN EmailEvents e USING (NetworkMessageId, RecipientEmailAddress)
WHERE f.Timestamp > before(INTERVAL 30 DAY) AND f.SHA256 IN (SELECT line FROM sample_lines('malicious-sha256.txt') WHERE len(line) = 64)
ORDER BY 1, f.NetworkMessageId, f.RecipientEmailAddress
