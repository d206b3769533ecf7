-- An hour is out of the ordinary when it is three standard deviations above the mailbox's mean hour, empty ones counted in.
WITH hourly AS (
    SELECT date_trunc('hour', Timestamp) AS hour, RecipientEmailAddress AS mailbox, count(*) AS n FROM EmailEvents
    WHERE EmailDirection = 'Inbound' AND Timestamp > before(INTERVAL 7 DAY) GROUP BY ALL),
usual AS (
    SELECT mailbox, sum(n) / 168 AS mean, sqrt(sum(n * n) / 168 - (sum(n) / 168) ** 2) AS deviation FROM hourly GROUP BY mailbox)
SELECT hour, mailbox, n FROM hourly JOIN usual USING (mailbox) WHERE n >= 20 AND n > mean + 3 * deviation ORDER BY 1, 2
