from __future__ import annotations

from pathlib import Path

import pytest
from air_tenant import StoredTenant, Tenant


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    return Tenant(tmp_path / "store")


@pytest.fixture
def stored(tmp_path: Path) -> StoredTenant:
    """A tenant with the real engine."""
    return StoredTenant(tmp_path / "store")
