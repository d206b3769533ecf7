SELECT f.FileExtension, CASE e.ThreatTypes WHEN '' THEN 'none' ELSE e.ThreatTypes END, count(*), count(DISTINCT f.SHA256),
       count(DISTINCT e.SenderFromDomain)
FROM EmailAttachmentInfo f JOIN EmailEvents e USING (NetworkMessageId, RecipientEmailAddress)
WHERE f.FileExtension IN ('iso', 'one', 'svg', 'jnlp', 'js', 'html') AND e.EmailDirection = 'Inbound' AND e.DeliveryAction = 'Delivered'
GROUP BY ALL ORDER BY 3 DESC, 1, 2
