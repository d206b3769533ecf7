"""serve."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import click

from hunting.cli.command import Option
from hunting.cli.options import STORE, Store
from hunting.cli.output import note


def serve(
    port: Annotated[int, Option(type=click.IntRange(1, 65535), metavar="N", help="Where it listens.")] = 8080,
    host: Annotated[str, Option(metavar="ADDRESS", help="The address of this machine that it listens on.")] = "127.0.0.1",
    allow_host: Annotated[
        tuple[str, ...],
        Option(metavar="NAME", help="Another name under which it may be asked. May be repeated; * for any."),
    ] = (),
    store: Store = STORE,
) -> None:
    """Serve the AIR API over HTTP, for holders of a token (hunting tokens create)."""
    from hunting.errors import HuntingError

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise HuntingError(
            "The HTTP service needs starlette and uvicorn.", hint="Install the extra: pip install 'hunting[server]'."
        )
    import uvicorn

    from hunting import connect
    from hunting.server import LOOPBACK, app
    from hunting.server.tokens import Tokens

    with connect(store) as hunt:
        tokens = Tokens(hunt.lake.root, hunt.clock)
        served = app(hunt, tokens, [*LOOPBACK, *allow_host])
        note(f"Serving {store} on http://{host}:{port}/api/air; Ctrl-C ends it.")
        if not tokens.entries():
            note("Nobody has a token yet: hunting tokens create NAME --scope read")
        if host not in LOOPBACK:
            note("Tokens travel unencrypted: let others reach this through a proxy with TLS only.")
        uvicorn.run(
            served, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False, limit_concurrency=100
        )
