"""Texts taken apart (pages: parse_path, parse_urlquery, parse_command_line, parse_xml, parse_user_agent)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from hunting.vectorised.rows import FUNCTIONS, Vectorised, by_row, from_rows

MAX_XML = 1_048_576  # characters


@by_row("VARCHAR", result="JSON")
def query_parameters(query: str) -> dict[str, str]:
    """The parameters of a URL's query as they stand there; of a name that occurs twice the first."""
    result: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            result.setdefault(name, value)
    return result


_PATH = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://)?(?P<rest>.*)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]?")


@by_row("VARCHAR", result="JSON")
def path_parts(path: str) -> dict[str, str]:
    """Scheme, root, folder, its name, file, extension and alternate data stream of a Windows, Unix or UNC path."""
    found = _PATH.match(path)
    scheme, rest = (found["scheme"] or "", found["rest"]) if found else ("", path)
    drive = _DRIVE.match(rest)
    root = drive[0] if drive else ""
    body, colon, stream = rest[len(root) :].partition(":")
    rest = root + body
    cut = max(rest.rfind("/"), rest.rfind("\\"))
    folder, name = rest[: max(cut, 0)], rest[cut + 1 :]
    stem, dot, extension = name.rpartition(".")
    return {
        "Scheme": scheme,
        "RootPath": root,
        "DirectoryPath": folder,
        "DirectoryName": re.split(r"[\\/]", folder)[-1].rstrip(":"),
        "Filename": name,
        "Extension": extension if dot and stem else "",
        "AlternateDataStreamName": stream if colon else "",
    }


_TOKEN = re.compile(r'(?P<slashes>\\+)|(?P<quote>")|(?P<blank>\s+)|[^\\"\s]+')


@by_row("VARCHAR", result="JSON")
def windows_arguments(command: str) -> list[str] | None:
    """The arguments of a command line by the rules of the Windows C runtime.

    Blanks inside quotes are kept; 2n backslashes before a quote are n, one more makes the quote a character; so do two
    quotes inside quotes.
    """
    arguments: list[str] = []
    current: list[str] | None = None
    quoted = escaped = False
    for token in _TOKEN.finditer(command):
        text, following = token[0], command[token.end() : token.end() + 1]
        if token["blank"] and not quoted:
            arguments += [] if current is None else ["".join(current)]
            current = None
            continue
        current = [] if current is None else current
        if token["quote"] and not escaped:
            escaped = quoted and following == '"'
            quoted = quoted if escaped else not quoted
        elif token["slashes"] and following == '"':
            escaped = len(text) % 2 == 1
            current.append("\\" * (len(text) // 2))
        else:
            escaped = False
            current.append(text)
    arguments += [] if current is None else ["".join(current)]
    return arguments or None


@by_row("VARCHAR", result="JSON")
def xml_bag(text: str) -> dict[str, Any] | None:
    """XML as a bag: attributes begin with @, text beside them is #text, repeated elements are arrays. Null if it is no XML.

    Entities are not expanded.
    """
    from xml.parsers.expat import ExpatError

    import xmltodict

    if not text or len(text) > MAX_XML:
        return None
    try:
        found: dict[str, Any] = xmltodict.parse(text, disable_entities=True)
    except (ExpatError, ValueError, RecursionError):
        return None
    return found


# ---------------------------------------------------------------- user agents


@lru_cache(maxsize=16_384)
def _agent(text: str) -> Any:
    import ua_parser

    return ua_parser.parse(text)


_VERSION = {"MajorVersion": "major", "MinorVersion": "minor", "Patch": "patch"}
_PARTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "browser": ("Browser", "user_agent", {"Family": "family", **_VERSION}),
    "os": ("OperatingSystem", "os", {"Family": "family", **_VERSION, "PatchMinor": "patch_minor"}),
    "device": ("Device", "device", {"Family": "family", "Brand": "brand", "Model": "model"}),
}


def _user_agent(text: str, wanted: Any) -> dict[str, Any] | None:
    """Browser, operating system and device of a user agent, as far as asked for."""
    names = wanted if isinstance(wanted, list) else [wanted]
    if not text or not set(map(str, names)) <= set(_PARTS):
        return None
    found = _agent(text)
    result: dict[str, Any] = {}
    for name, attribute, fields in (_PARTS[each] for each in _PARTS if each in names):
        part = getattr(found, attribute)
        result[name] = {key: getattr(part, field, None) or ("Other" if key == "Family" else "") for key, field in fields.items()}
    return result


def _user_agents(texts: Any, wanted: Any) -> Any:
    return from_rows(_user_agent, (texts, wanted), ("VARCHAR", "JSON"), "JSON")


FUNCTIONS["user_agent_parts"] = Vectorised(_user_agents, ["VARCHAR", "JSON"], "JSON", package="ua_parser")
