WITH hosts AS (
    SELECT *, list_transform(json_extract_string(UrlChain, '$[*]'), lambda link: split_part(split_part(link, '://', 2), '/', 1)) AS chain
    FROM UrlClickEvents WHERE Timestamp > before(INTERVAL 7 DAY)),
hops AS (SELECT *, unnest(chain) AS hop, chain[len(chain)] AS landing FROM hosts WHERE len(chain) > 1)
SELECT hop, landing, count(*), count(DISTINCT AccountUpn), max(Timestamp) FROM hops
WHERE hop <> landing AND hop IN (SELECT line FROM sample_lines('url-redirectors.txt'))
GROUP BY ALL ORDER BY 3 DESC, 1, 2
