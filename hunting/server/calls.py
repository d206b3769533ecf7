"""A route: who may take it, what it may be given, and the function that does the work in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hunting.air import Air
from hunting.air.reader import Reader
from hunting.engine import Hunt
from hunting.server.errors import Json, refusal
from hunting.server.tokens import Scope, Token, Tokens

_T = TypeVar("_T")

LARGEST_BODY = 64 * 1024
"""Bytes that a request may carry."""

LARGEST_PAGE, PAGE = 200, 50
"""Items in a page, at most and where the request does not say."""

LONGEST_TEXT = 2000
"""Characters of a text in a body."""

_PATIENCE = 10.0  # seconds for the whole body


@dataclass(frozen=True)
class Context:
    """What routes work with. `reading` never waits for what `acting` does: each has a journal connection of its own."""

    hunt: Hunt
    tokens: Tokens
    reading: Reader
    acting: Air


@dataclass(frozen=True)
class Call:
    """A request that may be answered.

    Attributes:
        route: the path without host.
        path, query, body: what it was given; nothing but what the route names.
        person: the token's name.
    """

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, str]
    person: str

    def page(self, items: Sequence[_T]) -> tuple[Sequence[_T], dict[str, object]]:
        """The items that the request asks for by `limit` and `offset`; and `count`, the number of all, with the `next` page."""
        limit, offset = self._number("limit", PAGE, 1, LARGEST_PAGE), self._number("offset", 0, 0, 10**9)
        after = offset + limit
        following = f"{self.route}?{urlencode({**self.query, 'limit': limit, 'offset': after})}" if after < len(items) else None
        return items[offset:after], {"count": len(items), "next": following}

    def _number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
            raise refusal(400, f"'{name}' is a number from {least} to {most}.")
        return int(text)


Work = Callable[[Call], Mapping[str, object]]


def route(
    context: Context, method: str, path: str, scope: Scope, work: Work, *, query: Collection[str] = (), body: Collection[str] = ()
) -> Route:
    """A route of the API.

    Args:
        scope: what the token must allow.
        work: makes the answer; may block.
        query, body: names that the request may give; bodies are JSON objects of texts.
    """

    async def endpoint(request: Request) -> Response:
        token = await run_in_threadpool(_authorized, context.tokens, request.headers.get("authorization", ""), scope)
        given = _query(request, query)
        held = await _body(request, body) if method == "POST" else {}
        call = Call(request.url.path, request.path_params, given, held, token.name)
        return Json(await run_in_threadpool(work, call), headers={"Cache-Control": "no-store"})

    return Route(path, endpoint, methods=[method])


def _authorized(tokens: Tokens, header: str, scope: Scope) -> Token:
    scheme, _, secret = header.partition(" ")
    if not header:
        raise refusal(401, "This needs a bearer token.", {"WWW-Authenticate": 'Bearer realm="hunting"'})
    token = tokens.find(secret.strip()) if scheme.casefold() == "bearer" else None
    if token is None:
        challenge = 'Bearer realm="hunting", error="invalid_token"'
        raise refusal(401, "The token is unknown, revoked or expired.", {"WWW-Authenticate": challenge})
    if scope not in token.scopes:
        challenge = f'Bearer realm="hunting", error="insufficient_scope", scope="{scope}"'
        raise refusal(403, f"The token lacks the scope '{scope}'.", {"WWW-Authenticate": challenge})
    return token


def _query(request: Request, allowed: Collection[str]) -> dict[str, str]:
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    for name in names:
        if name not in allowed:
            raise refusal(400, f"There is no parameter '{_shown(name)}' here. {_listed(allowed)}")
        if names.count(name) > 1:
            raise refusal(400, f"'{name}' is given more than once.")
    return dict(given)


async def _body(request: Request, allowed: Collection[str]) -> dict[str, str]:
    try:
        async with asyncio.timeout(_PATIENCE):
            raw = await _read(request)
    except TimeoutError:
        raise refusal(408, "The body did not arrive in time.") from None
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != "application/json":
        raise refusal(415, "The body must be JSON, with Content-Type: application/json.")
    try:
        found: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise refusal(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise refusal(400, "The body must be a JSON object.")
    for name, value in found.items():
        if name not in allowed:
            raise refusal(400, f"There is no '{_shown(name)}' in the body. {_listed(allowed)}")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _plain(value):
            raise refusal(400, f"'{name}' must be a text of at most {LONGEST_TEXT} characters, without control characters.")
    return found


async def _read(request: Request) -> bytes:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST_BODY:
            raise refusal(413, f"The body is larger than {LARGEST_BODY} bytes.", {"Connection": "close"})
    return bytes(raw)


def _plain(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text)


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in name[:50])


def _listed(allowed: Collection[str]) -> str:
    return f"Known: {', '.join(allowed)}." if allowed else "It takes none."
