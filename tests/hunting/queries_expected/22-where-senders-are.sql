WITH networks AS (
    SELECT *, regexp_replace(Network, '(\.0)+/.*', '.') AS start FROM read_csv(sample('sender-networks.csv'), header = true))
SELECT Country, Provider, count(DISTINCT SenderIPv4), count(*) AS copies, count(*) FILTER (ThreatTypes <> ''),
       round(100.0 * count(*) FILTER (ThreatTypes <> '') / count(*), 1)
FROM EmailEvents JOIN networks ON starts_with(SenderIPv4, start)
WHERE EmailDirection = 'Inbound' GROUP BY 1, 2 ORDER BY copies DESC LIMIT 10
