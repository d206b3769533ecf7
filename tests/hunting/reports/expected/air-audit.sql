-- headline
SELECT count(*), sum((Status = 'Completed' AND DecidedBy = 'Automation')::INT),
       sum((Status = 'Completed' AND DecidedBy <> 'Automation')::INT), sum((Status IN ('Rejected', 'Expired', 'Cancelled'))::INT),
       sum((UndoneBy <> '')::INT), sum((Status = 'Pending')::INT), sum(Moved)
FROM AirActions WHERE ActionKind = 'remediation' AND within(CreationTime)
-- falsepositives
WITH automatic AS (
    SELECT c.ClusterName AS name, a.Moved AS moved, u.ActionId IS NOT NULL AS undone, coalesce(u.Moved, 0) AS restored
    FROM AirActions a LEFT JOIN AirActions u ON u.Undoes = a.ActionId AND u.Status = 'Completed'
         JOIN EmailClusters c ON c.ClusterId = a.ClusterId
    WHERE within(a.CreationTime) AND a.ActionKind = 'remediation' AND a.Status = 'Completed' AND a.ActionTrigger = 'Automation')
SELECT name, count(*), count(*) FILTER (undone), sum(moved), sum(restored), round(100.0 * count(*) FILTER (undone) / count(*), 1),
       round(100.0 * sum(restored) / sum(moved), 1)
FROM automatic GROUP BY 1 ORDER BY 3 DESC, 1
-- undone
SELECT a.CompletedTime, u.CreationTime, round(epoch(u.CreationTime - a.CompletedTime) / 3600, 1), u.DecidedBy, u.Reason,
       c.ClusterName, c.ClusterByValue, a.Moved, u.Moved
FROM AirActions u JOIN AirActions a ON a.ActionId = u.Undoes JOIN EmailClusters c ON c.ClusterId = a.ClusterId
WHERE within(a.CreationTime) AND a.ActionKind = 'remediation' ORDER BY u.CreationTime, c.ClusterByValue
-- days
SELECT date_trunc('day', CreationTime)::TIMESTAMP,
       CASE WHEN ActionKind = 'undo' THEN 'Undo' WHEN UndoneBy <> '' THEN 'Undone later' ELSE Status END, count(*)
FROM AirActions WHERE within(CreationTime) GROUP BY ALL ORDER BY 1, 2
-- decisions
SELECT c.ClusterName, a.Action, CASE a.DecidedBy WHEN '' THEN 'nobody yet' ELSE a.DecidedBy END, a.Status, count(*), sum(a.Moved),
       sum(a.Failed)
FROM AirActions a JOIN EmailClusters c USING (ClusterId) WHERE within(a.CreationTime) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
-- waiting
SELECT a.CreationTime, round(epoch(moment() - a.CreationTime) / 86400, 1), c.ClusterName, c.ClusterByValue, c.Mailbox, a.Reason
FROM AirActions a JOIN EmailClusters c USING (ClusterId) WHERE a.Status = 'Pending' ORDER BY 1, 4
-- settings
SELECT Timestamp, Actor, Subject, Detail ->> '$.value' FROM AirAudit WHERE within(Timestamp) AND Event = 'setting changed'
ORDER BY 1, 3
-- audit
SELECT Event, Actor, count(*), min(Timestamp), max(Timestamp) FROM AirAudit WHERE within(Timestamp) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
