from __future__ import annotations

from pathlib import Path

import pytest
from air_tenant import Tenant


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    return Tenant(tmp_path / "store")
