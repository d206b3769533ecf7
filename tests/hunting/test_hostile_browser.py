"""Pages, pictures, notebooks and Markdown with every HTML payload, opened in Chromium: no script runs, nothing is fetched.

Policies are taken out of the pages first: what keeps the payloads quiet is that they are text.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hostile import CHARTS, cells, chart, heads
from markdown_it import MarkdownIt
from payloads import HOST, HTML
from test_hostile import rendered, written

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium in the PATH: apt-get install chromium")

# Where a payload that begins with no element of its own may stand; `{}` is its place.
INSIDE = '<title>{}</title><b title="{}">x</b><b title=\'{}\'>x</b><iframe src="{}"></iframe>'
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


class Listener(ThreadingHTTPServer):
    """Stands for every host of the world, and counts who calls."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Called)
        self.called: list[str] = []


class _Called(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Listener)
        self.server.called.append(self.headers.get("Host", "") + self.path)
        self.send_error(404)

    def log_message(self, *_words: object) -> None: ...


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def opened(pages: Sequence[str], folder: Path) -> tuple[set[int], list[str]]:
    """The pages (by number) in which a script ran, and what was fetched from `HOST`."""
    frames = "".join(
        f'<iframe srcdoc="{html.escape(page.replace("dataset.ran=1", f"dataset.ran{at}=1"))}"></iframe>'
        for at, page in enumerate(pages)
    )
    (folder / "page.html").write_text(f"<!DOCTYPE html><html><meta charset=utf-8><body>{frames}</body></html>", encoding="utf-8")
    with listening() as server:
        rules = f"MAP * 127.0.0.1:{server.server_port}"
        command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        command += ["--disable-background-networking", "--no-first-run", f"--host-resolver-rules={rules}"]
        command += ["--virtual-time-budget=2000", "--dump-dom", (folder / "page.html").as_uri()]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        ran = re.findall(r"data-ran(\d+)", done.stdout.decode().partition("<body")[0])
        return {int(each) for each in ran}, [call for call in server.called if call.startswith(HOST)]


def test_the_payloads_work_where_nothing_is_escaped(tmp_path: Path) -> None:
    pages = [text if text.startswith("<") else INSIDE.replace("{}", text) for text in HTML]
    ran, called = opened(["<!DOCTYPE html><body>" + page for page in pages], tmp_path)
    assert len(ran) >= 55 and len(called) >= 5, "the test itself"


def test_no_output_runs_or_fetches_anything(tmp_path: Path) -> None:
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render
    pages = [
        *(written(result, "html") for result in (cells(), heads(), chart("piechart"))),
        *(result._repr_html_() for result in (cells(), chart("piechart"))),
        *(written(chart(kind), "svg") for kind in CHARTS),
        rendered("html"),
        *(shown(text) for text in (written(cells(), "markdown"), written(heads(), "markdown"), rendered("markdown"))),
    ]
    assert sum(text in html.unescape(pages[0]) for text in HTML) >= 80, "they are there, as text"
    assert opened([_POLICY.sub("", page) for page in pages], tmp_path) == (set(), [])
