"""Completion behind `%kql` and in `%%kql` cells, through IPython's matchers (its completer's API of version 2).

Jupyter's frontends show a match's type beside it: a column's is its KQL type, a function's what it returns.
"""

# mypy: allow-untyped-calls, allow-untyped-decorators
from __future__ import annotations

import re
from collections.abc import Callable

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from hunting.notebook.options import OPTIONS, VALUED, split
from kql import complete
from kql.catalog import Catalog
from kql.completion import Completion, CompletionKind

IDENTIFIER = "hunting.kql"
_LINE = re.compile(r"^(?:[^#'\"]*=)?\s*%kql(?=\s|$)")  # also behind `name =`
_CELL = re.compile(r"\A\s*%%kql(?=\s|$)")
_BEGUN = re.compile(r"[\w$-]*\Z")


class KqlMatcher:
    """Offers KQL where KQL is written; elsewhere nothing, and Python's own completions stand.

    Args:
        catalog: gives the tables of the store that is chosen now.
    """

    def __init__(self, catalog: Callable[[], Catalog]) -> None:
        self._catalog = catalog

    @context_matcher(identifier=IDENTIFIER, priority=100)
    def matches(self, context: CompletionContext) -> SimpleMatcherResult:
        """What IPython's completer takes, in our order."""
        found = self._found(context)
        if found is None:
            return {"completions": [], "suppress": False}
        begun, offered = found
        shown = [SimpleCompletion(text=text, type=kind) for text, kind in offered]
        # Where KQL ends a word, Python has nothing to add: the word alone stands for "no more than this".
        shown = shown or ([SimpleCompletion(text=begun, type="")] if begun else [])
        return {"completions": shown, "suppress": True, "ordered": True, "matched_fragment": begun}

    def _found(self, context: CompletionContext) -> tuple[str, list[tuple[str, str]]] | None:
        """The word begun and what may stand for it; None outside of KQL."""
        lines = context.full_text.split("\n")
        line = lines[context.cursor_line][: context.cursor_position]
        if cell := _CELL.match(context.full_text):
            head, *rest = "\n".join([*lines[: context.cursor_line], line])[cell.end() :].split("\n")
            return self._offered(head, None if not rest else "\n".join(rest))
        if magic := _LINE.match(line):
            return self._offered(line[magic.end() :], None)
        return None

    def _offered(self, head: str, body: str | None) -> tuple[str, list[tuple[str, str]]] | None:
        """Options on the magic's own line, KQL behind them and below; None where an option's value is Python or a path."""
        options, text = split(head)
        if body is None and options and not text:
            *before, begun = re.split(r"\s+", head)
            if begun.startswith("-"):
                return begun, [(each, "option") for each in OPTIONS if each.startswith(begun)]
            if before and before[-1] in VALUED:
                return None
        text = text if body is None else f"{text}\n{body}" if text else body
        found = _BEGUN.search(text)
        offered = complete(text, len(text), self._catalog())
        return found[0] if found else "", [(each.text, _kind(each)) for each in offered]


def _kind(each: Completion) -> str:
    match each.kind:
        case CompletionKind.COLUMN | CompletionKind.VARIABLE:
            return each.detail or str(each.kind)
        case CompletionKind.FUNCTION:
            returned = each.detail.rpartition("-> ")[2]
            return f"function: {returned}" if returned else "function"
        case _:
            return str(each.kind)
