from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import Command, Done

from hunting.cli import main
from hunting.clock import ManualClock
from hunting.engine import connect
from hunting.lake import Lake
from hunting.simulate import scenario_folder, simulate

SCENARIOS = [scenario_folder() / f"{name}.yaml" for name in ("invoice-macro", "parcel-login")]


@pytest.fixture(scope="session")
def investigated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated store in which AIR ran once: a file's cluster removed by automation, a URL's waits."""
    root = tmp_path_factory.mktemp("investigated") / "a störe"
    end = datetime(2026, 11, 1, tzinfo=UTC)
    simulate(Lake.create(root), messages=2000, end=end, scenarios=SCENARIOS)
    with connect(root, clock=ManualClock(end)) as hunt:
        hunt.air.set(by="ann", similar_files=True)
        hunt.air.run()
        hunt.air.close()
    return root


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made by the command itself, in a folder with a space and an accent; nothing may change it."""
    store = tmp_path_factory.mktemp("a störe") / "the store"
    chosen = [part for path in SCENARIOS for part in ("--scenarios", str(path))]
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--messages", "2000", "--end", "2026-11-01", *chosen, "--store", str(store)])
    assert ended.value.code == 0
    return store


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in this process."""
    monkeypatch.setenv("HUNTING_USER", "tester")

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        sys.stdout.flush()
        captured = capfdbinary.readouterr()
        return Done(int(ended.value.code or 0), captured.out.decode(), captured.err.decode())

    return run


@pytest.fixture
def command(cli: Command, investigated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command over a copy of the store that AIR has seen, some hours later."""
    monkeypatch.setenv("HUNTING_STORE", str(shutil.copytree(investigated, tmp_path / "a copy")))
    monkeypatch.setattr("hunting.clock.system_clock", lambda: datetime(2026, 11, 1, 6, tzinfo=UTC))
    return cli


@pytest.fixture
def hunting(cli: Command, simulated: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command over the simulated store."""
    monkeypatch.setenv("HUNTING_STORE", str(simulated))
    return cli


@pytest.fixture
def own(cli: Command, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The same over a copy, for commands that change something."""
    monkeypatch.setenv("HUNTING_STORE", str(shutil.copytree(simulated, tmp_path / "copy of it")))
    return cli
