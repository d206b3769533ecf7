"""`%kql` and `%%kql`."""

# mypy: allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

import hunting
from hunting.cells import visible
from hunting.cli.opening import interruptible
from hunting.engine import Hunt
from hunting.notebook.options import split
from hunting.reference import declared
from hunting.result import Result
from kql import queries
from kql.catalog import Catalog
from kql.errors import KqlError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class KqlMagics(Magics):
    """`%kql` and `%%kql`."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.user = shell
        self.hunt: Hunt | None = None

    @no_var_expand  # {x} and $x in a query are the query's own: values are bound
    @magic_arguments()
    @argument("--store", help="The store's folder; it stays chosen.")
    @argument("-o", "--output", help="Name that the answer gets, of several the last; it is not shown then.")
    @argument("--explain", action="store_true", help="Show the SQL instead.")
    @argument("--param", action="append", default=[], help="name=expression: a declared parameter's value.")
    @argument("query", nargs="*", help="The query.")
    @line_cell_magic
    def kql(self, line: str, cell: str | None = None) -> Result | None:
        """Runs a KQL query."""
        options, text = split(line)
        asked = parse_argstring(self.kql, " ".join(options))
        text = "\n".join(part for part in (text, cell) if part and part.strip())
        if asked.output and not asked.output.isidentifier():
            raise UsageError(f"'{asked.output}' is no name for a variable.")
        try:
            hunt = self._hunt(asked.store)
            return self._answer(hunt, asked, text) if text else None
        except KqlError as error:
            raise UsageError(visible(error.render(), keep="\n")) from None

    def catalog(self) -> Catalog:
        """The tables to complete: the chosen store's; until one is chosen, those that every store has."""
        return self.hunt or declared()

    def _answer(self, hunt: Hunt, asked: Any, text: str) -> Result | None:
        values = dict(self._value(given) for given in asked.param)
        *others, last = queries(text)
        for each in others:
            shown = self._one(hunt, asked, each, values)
            if shown is not None and not asked.output:
                display(shown)
        result = self._one(hunt, asked, last, values)
        if asked.output:
            self.user.user_ns[asked.output] = result
            return None
        return result

    def _one(self, hunt: Hunt, asked: Any, text: str, values: dict[str, object]) -> Result | None:
        """Runs a query; with --explain its SQL is printed."""
        if asked.explain:
            print(visible(hunt.explain(text, values), keep="\n"))
            return None
        result = interruptible(hunt, lambda: hunt.query(text, values))
        self.user.user_ns["_kql_raw_result_"] = result
        return result

    def _hunt(self, store: str | None) -> Hunt:
        """The hunt over the chosen store; a `Hunt` in the user's namespace may be named instead of a folder."""
        if store is None and self.hunt is not None:
            return self.hunt
        named = self.user.user_ns.get(store) if store else None
        chosen = named if isinstance(named, Hunt) else hunting.connect(store or os.environ.get("HUNTING_STORE") or "data/store")
        self.hunt = chosen
        return chosen

    def _value(self, given: str) -> tuple[str, object]:
        name, sign, expression = given.partition("=")
        if not sign or not name.isidentifier():
            raise UsageError(f"'{given}' is not name=expression.")
        return name, self.user.ev(expression)
