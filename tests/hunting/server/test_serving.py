"""`hunting tokens` and `hunting serve`: the service as a process, asked over a socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from service import Service

from hunting.cli import main

# The hour after the store's end, whatever the machine's time: an action waits a week and no longer.
CLOCK = """
import hunting.clock
from datetime import UTC, datetime
hunting.clock.system_clock = lambda: datetime(2026, 11, 1, 1, tzinfo=UTC)
"""
RUN = [sys.executable, "-c", f"{CLOCK}from hunting.cli import script; script()"]


def run(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments, "--store", str(store)], capture_output=True, text=True, timeout=3000, check=False)


@contextmanager
def serving(store: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*RUN, "serve", "--port", str(port), "--store", str(store)], stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """A command in this process: its exit code, stdout and stderr."""

    def run_here(store: Path, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--store", str(store)])
        return int(ended.value.code or 0), *capfd.readouterr()

    return run_here


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_from_the_command_line_to_a_decision_and_back(own: Service) -> None:
    store = own.hunt.lake.root
    made = run(store, "tokens", "create", "carol", "--scope", "read", "--scope", "approve", "--expires", "12h")
    secret = made.stdout.strip()
    assert made.returncode == 0 and "cannot be shown again" in made.stderr
    port = free_port()
    with (
        serving(store, port) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/air", headers={"Authorization": f"Bearer {secret}"}, timeout=300
        ) as client,
    ):
        (waiting, *_) = client.get("/actions", params={"status": "Pending"}).json()["value"]
        done = client.post(f"/actions/{waiting['ID']}/approve", json={"reason": "seen"})
        assert done.status_code == 200 and done.json()["ApprovedBy"] == "carol"
        assert own.count(f'Action == "{done.json()["ActionType"]}" and ActionTrigger == "AdminAction"') == done.json()["Moved"]
        assert client.post(f"/actions/{waiting['ID']}/undo").status_code == 403
        assert "server" not in done.headers
        assert run(store, "tokens", "revoke", "carol").returncode == 0
        assert client.get("/actions").status_code == 401, "at once, without a restart"
        process.send_signal(signal.SIGINT)
        process.wait(timeout=300)
        assert process.stderr is not None
        told = process.stderr.read()
    assert f"http://127.0.0.1:{port}/api/air" in told and "Traceback" not in told and secret not in told


def test_the_list_shows_no_secret(own: Service, here: Callable[..., tuple[int, str, str]]) -> None:
    _, told, _ = here(own.hunt.lake.root, "tokens", "list")
    found = {row["Name"]: row for row in map(json.loads, told.splitlines())}
    assert found["acts"]["Scopes"] == "act" and set(found) == set(own.secrets)
    assert not any(secret in told for secret in own.secrets.values())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["create", "x", "--scope", "root"], 2),
        (["create", "x"], 2),
        (["create", "x", "--scope", "read", "--expires", "soon"], 2),
        (["create", "x", "--scope", "read", "--expires", "999999d"], 1),
        (["create", "acts", "--scope", "read"], 1),
        (["revoke", "nobody"], 1),
    ],
)
def test_wrong_usage(own: Service, here: Callable[..., tuple[int, str, str]], arguments: list[str], code: int) -> None:
    before = own.tokens.path.read_bytes()
    ended, told, complaint = here(own.hunt.lake.root, "tokens", *arguments)
    assert (ended, told) == (code, "") and complaint and "Traceback" not in complaint
    assert own.tokens.path.read_bytes() == before


def test_no_store_no_service(tmp_path: Path, here: Callable[..., tuple[int, str, str]]) -> None:
    ended, _, complaint = here(tmp_path / "nowhere", "serve", "--port", str(free_port()))
    assert ended == 1 and complaint.startswith("error: ")
