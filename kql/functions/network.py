"""Addresses, URLs and other texts with a structure (pages: parse_ipv4, ipv4_is_in_range, parse_url, parse_path, parse_xml ...)."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

from kql.functions.registry import Template, scalar

_SOME = {"nulls": "some"}

# ---------------------------------------------------------------- IPv4
_OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS = rf"{_OCTET}(\.{_OCTET}){{3}}"
_NUMBER = "CAST(list_inner_product(CAST(string_split($ip, '.') AS DOUBLE[]), [16777216e0, 65536e0, 256e0, 1e0]) AS BIGINT)"


def _networks(constant: object) -> list[IPv4Network] | None:
    """The networks of a constant text, or of a constant array of texts; null if one is none, or it is not constant."""
    try:
        texts = json.loads(constant) if isinstance(constant, str) and constant.startswith("[") else [constant]
        return [IPv4Network(text, strict=False) for text in texts] if all(isinstance(text, str) for text in texts) else None
    except ValueError:
        return None


def _inside(parsed: str, at: int = 1) -> Template:
    """Constant ranges become comparisons of numbers; addresses with a prefix of their own, and all else, are parsed."""

    def template(constants: list[object]) -> str:
        listed = [_networks(constant) for constant in constants[at:]]
        networks = [network for each in listed for network in each or ()]
        call = parsed.format(", ".join(f"$_{place}" for place in range(at, len(constants))))
        if None in listed or not networks:
            return call
        tests = " OR ".join(f"{_NUMBER} BETWEEN {int(each.network_address)} AND {int(each.broadcast_address)}" for each in networks)
        return f"CASE WHEN regexp_full_match($ip, '{_ADDRESS}') THEN {tests} ELSE {call} END"

    return template


scalar("ipv4_is_private(ip: string) -> bool",
       f"CASE WHEN regexp_full_match($ip, '{_ADDRESS}') THEN regexp_matches($ip, '^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)') ELSE ip4_private($ip) END",
       "ipv4_is_private('192.168.1.1') -> true", "Whether the address, or network, is in a private range; null if it is no address.", vectorised="ip4_private", **_SOME)
scalar("ipv4_is_in_range(ip: string, range: string) -> bool", _inside("ip_in_range($ip, {}, 32)"), "ipv4_is_in_range('192.168.1.6', '192.168.1.0/24') -> true", "Whether the address is in the range (CIDR); null if one is none.", vectorised="ip_in_range", **_SOME)
scalar("parse_ipv4(ip: string) -> long", f"CASE WHEN regexp_full_match($ip, '{_ADDRESS}') THEN {_NUMBER} ELSE ip4_number($ip) END", "parse_ipv4('192.168.1.1/24') -> 3232235776", "The address as a number, without the bits behind its prefix.", vectorised="ip4_number", **_SOME)
scalar("parse_ipv4_mask(ip: string, prefix: long) -> long", "ip4_masked($ip, $prefix)", "parse_ipv4_mask('127.0.0.1', 24) -> 2130706432", "The address as a number, cut to so many bits.", vectorised="ip4_masked", **_SOME)
scalar("ipv4_netmask_suffix(ip: string) -> long", "ip4_prefix_length($ip)", "ipv4_netmask_suffix('192.168.1.1/24') -> 24", "The length of the prefix; 32 without one.", vectorised="ip4_prefix_length", **_SOME)
scalar("ipv4_range_to_cidr_list(start: string, end: string) -> dynamic", "ip4_cidr_list($start, $end)", "ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255') -> dynamic(['1.1.128.0/21', '1.1.136.0/22', '1.1.140.0/24'])", "The networks that together are the range.", vectorised="ip4_cidr_list", **_SOME)

scalar("format_ipv4(ip: integer|string) -> string", "ip4_text(to_json($ip), 32, FALSE)", "format_ipv4(3232235777) -> '192.168.1.1'", "An address as text.", vectorised="ip4_text", **_SOME)
scalar("format_ipv4(ip: integer|string, prefix: long) -> string", "ip4_text(to_json($ip), $prefix, FALSE)", "format_ipv4('192.168.1.255', 24) -> '192.168.1.0'", "An address as text, cut to so many bits.", vectorised="ip4_text", **_SOME)
scalar("format_ipv4_mask(ip: integer|string) -> string", "ip4_text(to_json($ip), 32, TRUE)", "format_ipv4_mask('192.168.1.255/24') -> '192.168.1.0/24'", "A network in CIDR notation.", vectorised="ip4_text", **_SOME)
scalar("format_ipv4_mask(ip: integer|string, prefix: long) -> string", "ip4_text(to_json($ip), $prefix, TRUE)", "format_ipv4_mask('192.168.1.255', 24) -> '192.168.1.0/24'", "A network in CIDR notation, cut to so many bits.", vectorised="ip4_text", **_SOME)

for _v, _bits, _one, _two in (("4", 32, "192.168.1.1", "192.168.1.255"), ("6", 128, "fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7995")):
    _cut = {"4": 24, "6": 120}[_v]
    for _parameters, _length in (("", str(_bits)), (", prefix: long", "$prefix")):
        _sample = f"'{_one}', '{_two}'{', ' + str(_cut) if _parameters else ''}"
        scalar(f"ipv{_v}_compare(ip1: string, ip2: string{_parameters}) -> long", f"ip_compared($ip1, $ip2, {_length}, {_bits})", f"ipv{_v}_compare({_sample}) -> {0 if _parameters else -1}", "-1, 0 or 1 as the addresses compare, cut to the shortest prefix.", vectorised="ip_compared", **_SOME)
        scalar(f"ipv{_v}_is_match(ip1: string, ip2: string{_parameters}) -> bool", f"ip_compared($ip1, $ip2, {_length}, {_bits}) = 0", f"ipv{_v}_is_match({_sample}) -> {str(bool(_parameters)).lower()}", "Whether the addresses are equal, cut to the shortest prefix.", vectorised="ip_compared", **_SOME)
    _any = {"vectorised": "ip_in_any_range", **_SOME}
    for _ranges, _call, _given in (("ranges: dynamic", f"ip_in_any_range($ip, {{}}, {_bits})", f"dynamic(['{_one}/{_cut}'])"), ("ranges+: string", f"ip_in_any_range($ip, json_array({{}}), {_bits})", f"'1.2.3.4/32', '{_one}/{_cut}'")):
        scalar(f"ipv{_v}_is_in_any_range(ip: string, {_ranges}) -> bool", _inside(_call) if _v == "4" else _call.format("$ranges"), f"ipv{_v}_is_in_any_range('{_one}', {_given}) -> true", "Whether one of the ranges holds the address.", **_any)

# ---------------------------------------------------------------- IPv6
scalar("ipv6_is_in_range(ip: string, range: string) -> bool", "ip_in_range($ip, $range, 128)", "ipv6_is_in_range('fe80::1', 'fe80::/64') -> true", "Whether the address is in the range; null if one is none.", vectorised="ip_in_range", **_SOME)
scalar("parse_ipv6(ip: string) -> string", "ip6_text($ip, 128)", "parse_ipv6('127.0.0.1') -> '0000:0000:0000:0000:0000:ffff:7f00:0001'", "The full form of an IPv6 (or IPv4) address.", vectorised="ip6_text", **_SOME)
scalar("parse_ipv6_mask(ip: string, prefix: long) -> string", "ip6_text($ip, $prefix)", "parse_ipv6_mask('fe80::1', 16) -> 'fe80:0000:0000:0000:0000:0000:0000:0000'", "The full form of an address, cut to so many bits.", vectorised="ip6_text", **_SOME)

# ---------------------------------------------------------------- addresses in texts
for _name, _flag, _sample in (("ipv4", "FALSE", "192.168.1.1"), ("ipv4_prefix", "TRUE", "192.168.")):
    _found = {"vectorised": "holds_ip4"}
    _help = "Whether the address stands in the text" if _flag == "FALSE" else "Whether an address that begins so stands in the text"
    scalar(f"has_{_name}(source: string, ip: string) -> bool", f"(contains($source, $ip) AND holds_ip4($source, to_json($ip), {_flag}))", f"has_{_name}('GET 192.168.1.1 404', '{_sample}') -> true", f"{_help}.", **_found)
    scalar(f"has_any_{_name}(source: string, ips: dynamic) -> bool", f"holds_ip4($source, $ips, {_flag})", f"has_any_{_name}('GET 192.168.1.1 404', dynamic(['10.0.0.1', '{_sample}'])) -> true", f"{_help}, for one of several.", **_found)
    scalar(f"has_any_{_name}(source: string, ips+: string) -> bool", f"holds_ip4($source, json_array($ips), {_flag})", f"has_any_{_name}('GET 192.168.1.1 404', '10.0.0.1', '{_sample}') -> true", f"{_help}, for one of several.", **_found)

scalar("geo_info_from_ip_address(ip: string) -> dynamic", "geo_info_of_ip($ip)", "geo_info_from_ip_address('no address') -> dynamic(null)", "Country, state, city and coordinates of an address; an empty bag where nothing is known.", vectorised="geo_info_of_ip", **_SOME)

# ---------------------------------------------------------------- URLs
_URL = ("regexp_extract($url, '^(?s:(?:([A-Za-z][-A-Za-z0-9+.]*):)?(?://(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(\\[[^\\]/]*\\]|[^/?#:]*)(?::([0-9]*))?)?([^?#]*)(?:\\?([^#]*))?(?:#(.*))?)$', "
        "['scheme', 'user', 'password', 'host', 'port', 'path', 'query', 'fragment'])")
_PART = f"struct_extract({_URL}, '{{}}')"
_SCHEME = "(?:[A-Za-z][-A-Za-z0-9+.]*:)?"
_AUTHORITY = "(?://(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(\\[[^\\]/]*\\]|[^/?#:]*)(?::([0-9]*))?)?"
# The parts alone. A user or an address in brackets makes the pattern ambiguous, and several times slower: most URLs have neither.
_PARTS = {
    "Scheme": "regexp_extract($url, '^([A-Za-z][-A-Za-z0-9+.]*):', 1)",
    "Host": f"CASE WHEN contains($url, '@') OR contains($url, '[') THEN regexp_extract($url, '^(?s:{_SCHEME}{_AUTHORITY})', 3) ELSE regexp_extract($url, '^(?s:{_SCHEME}(?://([^/?#:]*))?)', 1) END",
    "Port": f"regexp_extract($url, '^(?s:{_SCHEME}{_AUTHORITY})', 4)",
    "Path": f"regexp_extract($url, '^(?s:{_SCHEME}{_AUTHORITY}([^?#]*))', 5)",
}


def _query_bag(query: str) -> str:
    """SQL for a query's parameters as a bag, values as they stand there; names that occur twice take the slow way."""
    parts = f"list_filter(string_split({query}, '&'), lambda __k1: __k1 <> '' AND NOT starts_with(__k1, '='))"
    names = f"list_transform({parts}, lambda __k1: split_part(__k1, '=', 1))"
    pairs = f"list_transform({parts}, lambda __k1: concat(to_json(split_part(__k1, '=', 1)), ':', to_json(substr(__k1, length(split_part(__k1, '=', 1)) + 2))))"
    plain = f"CAST(concat('{{', array_to_string({pairs}, ','), '}}') AS JSON)"
    return f"CASE WHEN len(list_distinct({names})) = len({names}) THEN {plain} ELSE query_parameters({query}) END"


for _name in ("parse_url", "parseurl"):
    scalar(f"{_name}(url: string) -> dynamic",
           "json_object('Scheme', " + ", ".join([_PART.format("scheme"), "'Host'", _PART.format("host"), "'Port'", _PART.format("port"), "'Path'", _PART.format("path"), "'Username'", _PART.format("user"), "'Password'", _PART.format("password"),
                                                "'Query Parameters'", _query_bag(_PART.format("query")), "'Fragment'", _PART.format("fragment")]) + ")",
           f"{_name}('https://a.example:8080/x?k=v#top').Host -> dynamic('a.example')", "Scheme, Host, Port, Path, Username, Password, Query Parameters and Fragment.", vectorised="query_parameters", members=_PARTS)
for _name in ("parse_urlquery", "parseurlquery"):
    scalar(f"{_name}(query: string) -> dynamic", "json_object('Query Parameters', " + _query_bag("regexp_replace($query, '^.*[?]', '')") + ")", f"{_name}('a=1&b=2') -> dynamic({{'Query Parameters': {{'a': '1', 'b': '2'}}}})", "The parameters of a URL's query.", vectorised="query_parameters")
scalar("punycode_domain_from_string(domain: string) -> string", "punycode_domain_from_string($domain)", "punycode_domain_from_string('xn--bcher-kva.example') -> 'bücher.example'",
       "A domain with its encoded labels decoded; '' if one cannot be.", vectorised="punycode_domain_from_string", **_SOME)

# ---------------------------------------------------------------- other texts
scalar("parse_path(path: string) -> dynamic", "path_parts($path)", "parse_path('C:\\\\temp\\\\file.txt').Filename -> dynamic('file.txt')", "Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension and AlternateDataStreamName.", vectorised="path_parts")


def _command_line(constants: list[object]) -> str:
    return "windows_arguments($command)" if str(constants[1]).lower() == "windows" else "CAST(NULL AS JSON)"


scalar("parse_command_line(command: string, parser: const string) -> dynamic", _command_line, "parse_command_line('echo \"hello world\"', 'windows') -> dynamic(['echo', 'hello world'])", "The arguments of a Windows command line; null for other parsers.", vectorised="windows_arguments", **_SOME)
scalar("parse_xml(text: string) -> dynamic", "xml_bag($text)", "parse_xml('<a b=\"1\">t</a>') -> dynamic({'a': {'@b': '1', '#text': 't'}})", "XML as a bag; null if it is none.", naming="x", vectorised="xml_bag", **_SOME)
scalar("parse_user_agent(agent: string, look_for: string) -> dynamic", "user_agent_parts($agent, to_json($look_for))", "parse_user_agent('', 'browser') -> dynamic(null)", "Browser, operating system or device of a user agent.", vectorised="user_agent_parts", **_SOME)
scalar("parse_user_agent(agent: string, look_for: dynamic) -> dynamic", "user_agent_parts($agent, $look_for)", "parse_user_agent('', dynamic(['os'])) -> dynamic(null)", "Browser, operating system and device of a user agent.", vectorised="user_agent_parts", **_SOME)
