"""KQL functions that SQL cannot say: Arrow arrays in, an Arrow array out. Each is declared by a line in kql/functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hunting.vectorised.text import punycode_domain_from_string


@dataclass(frozen=True, slots=True)
class Vectorised:
    """An Arrow function and its SQL types."""

    call: Callable[..., Any]
    parameters: list[str]
    result: str


FUNCTIONS: dict[str, Vectorised] = {
    "punycode_domain_from_string": Vectorised(punycode_domain_from_string, ["VARCHAR"], "VARCHAR"),
}
