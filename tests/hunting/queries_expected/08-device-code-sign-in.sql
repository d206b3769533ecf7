SELECT min(c.Timestamp), min(s.Timestamp), c.AccountUpn, c.Url, list(DISTINCT s.IPAddress), list_sort(list(DISTINCT s.ErrorCode))
FROM UrlClickEvents c JOIN EntraIdSignInEvents s ON lower(s.AccountUpn) = lower(c.AccountUpn)
WHERE c.Timestamp > before(INTERVAL 7 DAY) AND (c.IsClickedThrough OR c.ActionType = 'ClickAllowed')
  AND regexp_matches(c.UrlChain, '/(deviceauth|devicelogin)"') AND s.RiskLevelDuringSignIn >= 50
  AND s.Timestamp BETWEEN c.Timestamp - INTERVAL 2 MINUTE AND c.Timestamp + INTERVAL 7 MINUTE
GROUP BY c.AccountUpn, c.Url HAVING bool_or(s.ErrorCode = 0) AND bool_or(s.ErrorCode = 50199)
ORDER BY 1
