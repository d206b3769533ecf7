"""The store over HTTP: the AIR API, for programs that decide or look on from elsewhere.

    app = hunting.server.app("data/store")            # an ASGI application; `hunting serve` runs it
    Authorization: Bearer <token>                     # made by `hunting tokens create NAME --scope read`

One file per family of routes; each offers `routes(context)`. Needs the extra `server`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from hunting.engine import Hunt
    from hunting.server.tokens import Tokens

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names under which a server is asked by its own machine."""


def app(store: Hunt | str | Path, tokens: Tokens | None = None, hosts: Sequence[str] = LOOPBACK) -> Starlette:
    """The ASGI application.

    Args:
        store: a store's folder, or a hunt over one; the application does not close it.
        tokens: who may do what; None means the tokens of the store.
        hosts: names that a request's Host may have; any other is refused, so that no web page reaches the server by a name of
            its own. "*" allows all.

    Raises:
        StoreError: there is no store at that place, or its tokens cannot be read.
    """
    from hunting.server.app import build  # the tokens need no web server

    return build(store, tokens, hosts)
