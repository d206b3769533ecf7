"""KQL in notebooks: `%load_ext hunting.notebook`, then `%kql` for a line and `%%kql` for a cell, with completion.

    %kql --store data/store                      choose the store; else HUNTING_STORE, else data/store
    %kql -o mails EmailEvents | count            keep the answer under a name
    %%kql --param who=user.address               the value of a Python expression, bound to a declared parameter
    declare query_parameters(who:string); EmailEvents | where RecipientEmailAddress == who

The last answer stands in `_kql_raw_result_`. Tab completes tables, columns with their types, functions, operators.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

from typing import TYPE_CHECKING

from hunting.notebook.completion import IDENTIFIER, KqlMatcher
from hunting.notebook.display import show
from hunting.notebook.magics import KqlMagics
from hunting.result import Result

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["KqlMagics", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What `%load_ext hunting.notebook` calls."""
    magics = KqlMagics(shell)
    shell.register_magics(magics)
    unload_ipython_extension(shell)  # loaded anew, the old matcher would answer beside the new one
    if shell.display_formatter is not None:
        shell.display_formatter.ipython_display_formatter.for_type(Result, show)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.insert(0, KqlMatcher(magics.catalog).matches)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """What `%unload_ext hunting.notebook` calls: completion is Python's alone again."""
    if shell.display_formatter is not None:
        shell.display_formatter.ipython_display_formatter.type_printers.pop(Result, None)
    if shell.Completer is not None:
        present = shell.Completer.custom_matchers
        present[:] = [each for each in present if getattr(each, "matcher_identifier", "") != IDENTIFIER]
