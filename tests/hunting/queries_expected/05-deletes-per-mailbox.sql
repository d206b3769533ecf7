WITH manual AS (
    SELECT * FROM EmailPostDeliveryEvents WHERE ActionType = 'Manual Remediation' AND ActionResult = 'Success'
    QUALIFY row_number() OVER (PARTITION BY NetworkMessageId, RecipientEmailAddress ORDER BY Timestamp DESC) = 1),
told AS (SELECT RecipientEmailAddress AS mailbox, Action,
         strftime(Timestamp, '%Y-%m-%dT%H:%M:%S.%f') || '0Z \ ' || NetworkMessageId AS line FROM manual),
listed AS (
    SELECT mailbox, coalesce(list(line ORDER BY line) FILTER (Action = 'Soft delete'), []) AS soft,
           coalesce(list(line ORDER BY line) FILTER (Action = 'Hard delete'), []) AS hard,
           coalesce(list(line ORDER BY line) FILTER (Action = 'Moved to junk folder'), []) AS junk
    FROM told GROUP BY mailbox)
SELECT mailbox, len(soft) + len(hard) + len(junk) AS total, soft, hard, junk FROM listed WHERE total > 0 ORDER BY total DESC, mailbox
