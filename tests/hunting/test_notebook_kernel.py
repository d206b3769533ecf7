"""`%%kql` in a kernel, a process of its own, as JupyterLab talks to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel")
pytest.importorskip("IPython")

from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parents[2]


class Kernel:
    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self.client = manager, client

    def run(self, code: str) -> dict[str, Any]:
        """The reply to a cell, what it printed under `text`."""
        printed: list[str] = []
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda message: printed.append(str(message["content"].get("text", "")))
        )
        return {**reply["content"], "text": "".join(printed)}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        manager, client = start_new_kernel(kernel_name="python3")
    try:
        started = Kernel(manager, client)
        reply = started.run("import hunting; hunt = hunting.connect(':memory:')\n%load_ext hunting.notebook\n%kql --store hunt")
        assert reply["status"] == "ok", "a store opens in Jupyter, with or without ipywidgets"
        yield started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_completion_comes_with_types(kernel: Kernel) -> None:
    cell = "%%kql\nEmailEvents | where Times"
    reply = kernel.client.complete(cell, len(cell), reply=True, timeout=60)["content"]
    (first, *_) = reply["metadata"]["_jupyter_types_experimental"]
    assert (reply["matches"][0], reply["cursor_start"], reply["cursor_end"]) == ("Timestamp", 26, 31)
    assert (first["text"], first["type"]) == ("Timestamp", "datetime")


def test_an_interrupt_stops_the_query_and_not_the_kernel(kernel: Kernel) -> None:
    # Long, and in small steps: DuckDB heeds an interrupt between its steps, and one step of a join on one key takes a minute.
    endless = "range N from 1 to 3000000 step 1 | extend Hash = hash_sha256(tostring(N)) | mv-expand M = range(1, 1000000)"
    message = kernel.client.execute(f"%%kql\n{endless} | where Hash has tostring(M) | count")
    time.sleep(1.5)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != message:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt" and time.monotonic() - began < 20
    assert kernel.run("%kql -o kept print N = 42")["status"] == "ok"
    assert kernel.run("print(kept.rows())")["text"] == "[(42,)]\n"


def test_a_mistake_is_told_without_a_stack_trace(kernel: Kernel) -> None:
    reply = kernel.run("%kql EmailEvents | where Subjct has 'x'")
    assert reply["status"] == "error" and "Did you mean 'Subject'?" in reply["evalue"]
    assert "Traceback" not in reply["text"] and not any("File" in line for line in reply["traceback"])
