WITH links AS (
    SELECT NetworkMessageId, UrlDomain, UrlLocation,
           TRY_CAST(string_split(UrlDomain, '.') AS UTINYINT[]) AS octets, len(octets) = 4 AS bare
    FROM EmailUrlInfo),
odd AS (
    SELECT *, CASE WHEN UrlLocation = 'QRCode' THEN 'QR code'
                   WHEN bare AND octets[1] <> 10 AND (octets[1], octets[2]) <> (192, 168) THEN 'bare address'
                   WHEN UrlDomain SIMILAR TO '(.*\.)?(lnk-short|sharedoc-online|hosting)\.example' THEN 'rented host' END AS reason
    FROM links)
SELECT reason, UrlDomain, count(*) AS copies, count(DISTINCT NetworkMessageId),
       count(*) FILTER (UrlDomain LIKE '192.0.2.%')
FROM odd JOIN EmailEvents USING (NetworkMessageId)
WHERE reason IS NOT NULL AND EmailDirection = 'Inbound' AND DeliveryAction = 'Delivered'
GROUP BY 1, 2 ORDER BY 1, copies DESC, 2
