WITH chats AS (
    SELECT TeamsMessageId, Timestamp, SenderEmailAddress, SenderDisplayName,
           lower(RecipientDetails ->> '$[0].RecipientSmtpAddress') AS account
    FROM MessageEvents WHERE IsExternalThread AND Timestamp > before(INTERVAL 7 DAY)),
sent AS (SELECT c.*, u.Url FROM chats c JOIN MessageUrlInfo u USING (TeamsMessageId)),
mailed AS (
    SELECT DISTINCT Url, lower(RecipientEmailAddress) AS account FROM EmailUrlInfo JOIN EmailEvents USING (NetworkMessageId)
    WHERE EmailDirection = 'Inbound')
SELECT min(Timestamp), Url, SenderEmailAddress, any_value(SenderDisplayName), count(DISTINCT TeamsMessageId),
       count(*) FILTER (EXISTS (FROM mailed m WHERE m.Url = sent.Url AND m.account = sent.account))
FROM sent WHERE Url IN (SELECT Url FROM EmailUrlInfo) GROUP BY Url, SenderEmailAddress ORDER BY 1
