"""`pytest tests/kql --record-sql` writes the SQL of the golden cases anew; their results are never rewritten.

This stands here and not one folder up: `tests/` on the import path would hide the packages of the same names.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-sql", action="store_true", help="rewrite the SQL of the golden cases")
