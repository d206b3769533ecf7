"""The application: all families of routes, errors as JSON, and the check of the Host."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hunting.air.reader import Reader
from hunting.engine import Hunt, connect
from hunting.server import air
from hunting.server.calls import Context
from hunting.server.errors import HANDLERS, answer
from hunting.server.tokens import Tokens

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\s]+)(?::\d{1,5})?")


def build(store: Hunt | str | Path, tokens: Tokens | None, hosts: Collection[str]) -> Starlette:
    """The application over a store; see `hunting.server.app`."""
    hunt = store if isinstance(store, Hunt) else connect(store)
    context = Context(hunt, tokens or Tokens(hunt.lake.root, hunt.clock), reading=Reader(hunt), acting=hunt.air)
    context.tokens.entries()
    for each in (context.reading, context.acting):
        each.settings()  # a damaged journal is told at the start, and threads find it open
    made = Starlette(
        routes=[*air.routes(context)],
        exception_handlers=dict(HANDLERS),
        middleware=[Middleware(_Hosts, frozenset(host.casefold() for host in hosts))],
    )
    made.router.redirect_slashes = False
    return made


class _Hosts:
    """Refuses requests under another name: a page of a hostile site could else have its own name lead here (DNS rebinding)."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and "*" not in self._hosts:
            found = _HOST.fullmatch(Headers(scope=scope).get("host", "").casefold())
            if found is None or found[1] not in self._hosts:
                app = answer(421, "This server is not known by that Host.")
        await app(scope, receive, send)
