"""Addresses and URLs (pages: ipv4_is_private, ipv4_is_in_range, parse_url ...). Only what SQL can say; the rest is vectorised."""

from __future__ import annotations

from kql.functions.registry import scalar

scalar("ipv4_is_private(ip: string) -> bool",
       "CASE WHEN regexp_full_match($ip, '([0-9]{1,3}\\.){3}[0-9]{1,3}') THEN regexp_matches($ip, '^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)') END",
       "ipv4_is_private('192.168.1.1') -> true", "Whether the address is in a private network; null if it is no address.", nulls="some")
scalar("punycode_domain_from_string(domain: string) -> string", "punycode_domain_from_string($domain)", "punycode_domain_from_string('xn--bcher-kva.example') -> 'bücher.example'",
       "A domain with its encoded labels decoded; '' if one cannot be.", nulls="some", vectorised="punycode_domain_from_string")
