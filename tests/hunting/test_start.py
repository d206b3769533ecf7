"""What a start must not wait for: modules that the program takes seconds to import, and a small query never needs."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from hunting.lake import Lake

DATA = {"duckdb", "pyarrow", "numpy", "deltalake"}
RARE = {"pandas", "polars", "scipy", "rich", "prompt_toolkit", "IPython", "yaml", "starlette", "vl_convert"}
RARE |= {
    "pydantic",
    "ssl",
    "asyncio",
    "rich.console",
    "pyarrow.dataset",
    "pyarrow.compute",
    "pyarrow.parquet",
    "hunting.air",
    "hunting.simulate",
    "hunting.vectorised",
    "hunting.reports",
}
LANGUAGE = {"kql", "sqlglot", "lark"}
COMMANDS = {f"hunting.cli.{name}" for name in ("air", "actions", "due", "report", "serve", "shell", "simulation", "tokens")}


_SCRIPT = """
import sys
try:
    {code}
except SystemExit as end:
    assert not end.code
sys.stderr.write(chr(10).join(sys.modules))
"""


def loaded(code: str) -> set[str]:
    """The modules that a new process has loaded after `code`."""
    ran = subprocess.run([sys.executable, "-c", _SCRIPT.format(code=code)], capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines())


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("import hunting", DATA | RARE | LANGUAGE | {"click"}),
        ("import kql", DATA | RARE | {"click", "hunting"}),
        ("from hunting.cli import main; main(['--help'])", DATA | RARE | LANGUAGE),
        ("from hunting.cli import main; main(['query', '--help'])", DATA | RARE | LANGUAGE | COMMANDS),
        ("import hunting.engine", RARE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_heavy_is_not_imported(code: str, never: set[str]) -> None:
    assert loaded(code) & never == set()


@pytest.mark.parametrize(("form", "needed"), [("json", set[str]()), ("csv", set[str]()), ("table", {"rich"})])
def test_a_small_query_imports_no_more_than_it_needs(form: str, needed: set[str], tmp_path: Path) -> None:
    lake = Lake.create(tmp_path / "store")
    lake.append("EmailEvents", pa.table({"Timestamp": [datetime(2026, 11, 20)], "Subject": ["Hello"]}))
    query = ["query", "EmailEvents | project Timestamp, Subject, age = now() - Timestamp", "--store", str(lake.root), "-f", form]
    assert loaded(f"from hunting.cli import main; main({query})") & (RARE | COMMANDS) == needed
