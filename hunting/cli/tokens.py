"""tokens: who may use the HTTP service, and for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.group import Group
from hunting.cli.options import STORE, Format, Output, Store, span
from hunting.cli.output import note, show, write

if TYPE_CHECKING:
    from hunting.server.tokens import Scope, Tokens

tokens = Group("tokens", "Bearer tokens for the HTTP service.")

Name = Annotated[str, Argument(help="Whose token it is; stands in the audit as who decided.")]


@tokens.verb()
def create(
    name: Name,
    scope: Annotated[
        tuple[str, ...], Option(metavar="SCOPE", help="read, act (undo), approve (approve and reject). May be repeated.")
    ],
    expires: Annotated[str, Option(metavar="SPAN", help="When it ends, from now: 30d, 12h, 90m.")] = "30d",
    store: Store = STORE,
) -> None:
    """Make a token and print it: this once. The store keeps its hash alone."""
    secret = _tokens(store).create(name, [_scope(each) for each in scope], span(expires, "--expires"))
    write(secret + "\n")
    note("Keep it now: it cannot be shown again.")


@tokens.verb("list")
def list_(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the tokens, without their secrets."""
    from hunting.formats import records

    tokens = _tokens(store)
    now = tokens.clock()
    columns = {"Name": "string", "Scopes": "string", "Created": "datetime", "Expires": "datetime", "Valid": "bool"}
    rows = [(t.name, ", ".join(sorted(t.scopes)), t.created, t.expires, now < t.expires) for t in tokens.entries()]
    show(records(columns, rows), form, output, 0)


@tokens.verb()
def revoke(name: Name, store: Store = STORE) -> None:
    """Make a token void at once."""
    _tokens(store).revoke(name)


def _tokens(store: Path) -> Tokens:
    from hunting.lake import Lake
    from hunting.server.tokens import Tokens

    return Tokens(Lake.open(store).root)


def _scope(text: str) -> Scope:
    from hunting.server.tokens import Scope

    if text.casefold() not in set(Scope):
        raise click.BadParameter(f"'{text}' is no scope. Scopes: {', '.join(Scope)}.", param_hint="--scope")
    return Scope(text.casefold())
