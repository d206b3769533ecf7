-- headline
SELECT count(*), sum((ThreatCount > 0)::INT), sum((EndTime IS NULL)::INT), sum(ThreatCount), sum(ActionCount), sum(PendingActions)
FROM AirInvestigations WHERE within(CreationTime)
-- status
SELECT InvestigationType, Status, count(*), sum(Users), sum(ThreatCount), sum(ActionCount) FROM AirInvestigations
WHERE within(CreationTime) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
-- verdicts
WITH named AS (
    SELECT Timestamp, AlertId, AdditionalFields ->> '$.LastVerdict' AS verdict,
           unnest(from_json(AdditionalFields -> '$.NetworkMessageIds', '["VARCHAR"]')) AS message
    FROM AlertEvidence WHERE within(Timestamp) AND EntityType IN ('MailMessage', 'MailCluster'))
SELECT date_trunc('day', Timestamp)::TIMESTAMP, coalesce(verdict, 'none yet'), count(DISTINCT message), count(DISTINCT AlertId)
FROM named GROUP BY ALL ORDER BY 1, 2
-- alerts
SELECT (SELECT max(Title) FROM AlertInfo a WHERE a.AlertId = i.AlertId) AS title, count(*), sum(Users), sum(ActionCount)
FROM AirInvestigations i WHERE within(CreationTime) AND EXISTS (FROM AlertInfo a WHERE a.AlertId = i.AlertId)
GROUP BY 1 ORDER BY 2 DESC, 1
-- insight
WITH ended AS (
    SELECT DISTINCT ON (RawEventData ->> '$.InvestigationId') RawEventData AS data FROM CloudAppEvents
    WHERE within(Timestamp) AND ActionType = 'AirInvestigationData' ORDER BY RawEventData ->> '$.InvestigationId', Timestamp DESC),
steps AS (SELECT data ->> '$.InvestigationId' AS investigation, unnest(from_json(data -> '$.Actions', '["JSON"]')) AS step FROM ended)
SELECT step ->> '$.ActionType', step ->> '$.ActionApproval', step ->> '$.ActionStatus', count(*), count(DISTINCT investigation),
       sum(json_array_length(step, '$.Entities'))
FROM steps GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
-- longest
SELECT CreationTime, InvestigationName, InvestigationType, Status, Users, ThreatCount, ActionCount, PendingActions, InvestigationId[:6]
FROM AirInvestigations WHERE within(CreationTime) ORDER BY Users DESC, InvestigationId
