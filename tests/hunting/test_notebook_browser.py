"""What a notebook shows of hostile texts, opened in headless Chromium: nothing of it runs. Skipped where there is no Chromium."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import hunting
from hunting.formats import records
from hunting.result import Result
from hunting.webpage import cell_output

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium in the PATH: apt-get install chromium")

MARK = "document.documentElement.dataset.ran=1"
_BODIES = [
    "<script>{}</script>",
    "</td><script>{}</script>",
    "</table></script><script>{}</script>",
    "<img src=x onerror={}>",
    "<img src=x onerror='{}'>",
    '"><img src=x onerror={}>',
    "'><svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<svg/onload={}>",
    "<body onload={}>",
    "<iframe src=javascript:parent.{}></iframe>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
    "<details open ontoggle={}>",
    "<video><source onerror={}></video>",
    "<input autofocus onfocus={}>",
    "<math><mtext></p><script>{}</script>",
    "<style>@import 'javascript:{}'</style>",
    "<!--><script>{}</script>-->",
    "]]><script>{}</script>",
    "<a href=javascript:{} id=x></a><script>x.click()</script>",
]
_DISGUISES = [
    lambda text: text,
    str.upper,
    lambda text: text.replace("<", "<\x00"),
    lambda text: "\u202e" + text,
    lambda text: text.replace("<", "&lt;<"),
]
PAYLOADS = [disguise(body).replace("{}", MARK) for body in _BODIES for disguise in _DISGUISES]


def dom(page: str, folder: Path) -> str:
    """The page after its scripts, as Chromium has it."""
    path = folder / "page.html"
    path.write_text(f"<!DOCTYPE html><html><meta charset=utf-8><body>{page}</body></html>", encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=2000", "--dump-dom", path.as_uri()], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode()


def test_the_payloads_work_where_nothing_is_escaped(tmp_path: Path) -> None:
    assert len(PAYLOADS) == 100
    assert "data-ran" in dom("".join(PAYLOADS), tmp_path), "the test itself"


def test_tables_and_charts_run_nothing(tmp_path: Path) -> None:
    table = records(dict.fromkeys(PAYLOADS[:5], "string"), [(payload,) * 5 for payload in PAYLOADS])
    chart = _charted(PAYLOADS)
    assert chart.visualization is not None
    shown = dom(cell_output(table, 200) + cell_output(chart, 200), tmp_path)
    assert "data-ran" not in shown and "<script" not in shown and "data:image/svg+xml" in shown
    assert shown.count("<tr>") == 2 + 2 * len(PAYLOADS) and MARK in shown, "they are there, as text"


def _charted(names: list[str]) -> Result:
    import pyarrow

    hunt = hunting.connect(":memory:")
    hunt.register("Named", pyarrow.table({"Name": names, "N": list(range(len(names)))}))
    return hunt.query("Named | render columnchart with (title='<script>" + MARK + "</script>')")
