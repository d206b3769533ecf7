WITH senders AS (
    SELECT SenderFromDomain, strip_accents(lower(decoded_host(SenderFromDomain))) AS plain, count(DISTINCT NetworkMessageId) AS messages
    FROM EmailEvents WHERE EmailDirection = 'Inbound' AND SenderFromDomain <> 'aurelia-werke.example' GROUP BY 1),
letters AS (
    SELECT *, split_part(plain, '.', 1) AS label, list_distinct(split(label, '')) AS theirs, list_distinct(split('aurelia-werke', '')) AS ours
    FROM senders),
compared AS (SELECT *, len(list_intersect(theirs, ours)) / len(list_distinct(theirs || ours)) AS similarity FROM letters)
SELECT SenderFromDomain, plain, messages, round(similarity, 3), string_split(label, '-')
FROM compared WHERE similarity >= 0.75 AND abs(len(label) - len('aurelia-werke')) <= 2 ORDER BY similarity DESC, SenderFromDomain
