from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import Done

from hunting.cli import main
from hunting.clock import ManualClock
from hunting.engine import connect
from hunting.lake import Lake
from hunting.simulate import scenario_folder, simulate


@pytest.fixture(scope="session")
def investigated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated store in which AIR ran once: a file's cluster removed by automation, a URL's waits."""
    root = tmp_path_factory.mktemp("investigated") / "a störe"
    end = datetime(2026, 11, 1, tzinfo=UTC)
    chosen = [scenario_folder() / f"{name}.yaml" for name in ("invoice-macro", "parcel-login")]
    simulate(Lake.create(root), messages=2000, end=end, scenarios=chosen)
    with connect(root, clock=ManualClock(end)) as hunt:
        hunt.air.set(by="ann", similar_files=True)
        hunt.air.run()
        hunt.air.close()
    return root


@pytest.fixture
def command(
    investigated: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """The command in this process, over a copy of that store, some hours later."""
    monkeypatch.setenv("HUNTING_STORE", str(shutil.copytree(investigated, tmp_path / "a copy")))
    monkeypatch.setenv("HUNTING_USER", "tester")
    monkeypatch.setattr("hunting.clock.system_clock", lambda: datetime(2026, 11, 1, 6, tzinfo=UTC))

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        sys.stdout.flush()
        captured = capfdbinary.readouterr()
        return Done(int(ended.value.code or 0), captured.out.decode(), captured.err.decode())

    return run
