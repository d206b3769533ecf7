SELECT regexp_replace(Subject, '\d+', '#', 'g') AS lure, EmailLanguage, count(*), count(*) FILTER (DeliveryLocation = 'Inbox/folder'),
       count(*) FILTER (ThreatTypes <> '')
FROM EmailEvents
WHERE EmailDirection = 'Inbound' AND NOT Subject ILIKE 're:%'
  AND (len(list_intersect(regexp_split_to_array(lower(Subject), '[^\pL\pN]+'), ['invoice', 'rechnung', 'mahnung', 'facture', 'factura',
       'zaległa', '請求書', 'parcel', 'paket', 'colis', 'お荷物', 'password', 'passwort', 'contraseña', 'hasło'])) > 0
       OR Subject ILIKE '%mot de passe%')
GROUP BY ALL ORDER BY 3 DESC, 1, 2
