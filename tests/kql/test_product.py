"""Functions of the product that need its cloud: null columns, or a table that the user supplies."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

import hunting


@pytest.fixture
def hunt() -> hunting.Hunt:
    found = hunting.connect(":memory:")
    found.register("Files", pa.table({"SHA1": ["AB", "cd"], "FileSize": pa.array([1, 2], pa.int64())}))
    return found


def test_without_a_table_the_profile_is_null(hunt: hunting.Hunt) -> None:
    result = hunt.query("Files | invoke FileProfile(SHA1, 1000)")
    assert result.columns[:6] == ["SHA1", "FileSize", "SHA11", "SHA256", "MD5", "FileSize1"]
    found = hunt.query("Files | invoke FileProfile() | project SHA1, GlobalPrevalence, Signer, IsCertificateValid")
    assert sorted(found.rows()) == [("AB", None, "", None), ("cd", None, "", None)]
    assert found.types == ["string", "int", "string", "bool"]


def test_a_supplied_table_is_matched_by_the_hash_in_any_case(hunt: hunting.Hunt) -> None:
    hunt.register("FileProfile", pa.table({"SHA1": ["ab"], "GlobalPrevalence": pa.array([7], pa.int32()), "Signer": ["Contoso"]}))
    found = hunt.query("Files | invoke FileProfile(SHA1, 500) | project SHA1, GlobalPrevalence, Signer")
    assert sorted(found.rows()) == [("AB", 7, "Contoso"), ("cd", None, "")]


def test_the_column_of_the_hash_must_be_there(hunt: hunting.Hunt) -> None:
    with pytest.raises(hunting.KqlSemanticError, match="no column 'InitiatingProcessSHA1'"):
        hunt.query("Files | invoke FileProfile(InitiatingProcessSHA1)")


def test_a_watchlist_is_a_registered_table(hunt: hunting.Hunt) -> None:
    with pytest.raises(hunting.KqlUnsupportedError, match="Register its rows as the table Watchlist_vip"):
        hunt.query("_GetWatchlist('vip')")
    hunt.register("Watchlist_vip", pa.table({"SearchKey": ["ann"]}))
    assert hunt.query("_GetWatchlist('vip') | where SearchKey == 'ann' | count").rows() == [(1,)]


def test_addresses_come_from_the_devices_own_reports(hunt: hunting.Hunt) -> None:
    rows = {
        "Timestamp": pa.array([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)], pa.timestamp("us", "UTC")),
        "DeviceId": ["d1", "d1", "d2"],
        "DeviceName": ["host", "host", "other"],
        "IPAddresses": [
            '[{"IPAddress":"10.0.0.1"},{"IPAddress":"fe80::1"}]',
            '[{"IPAddress":"10.0.0.1"}]',
            '[{"IPAddress":"10.0.0.9"}]',
        ],
        "NetworkAdapterType": ["Ethernet"] * 3,
        "ConnectedNetworks": [""] * 3,
    }
    hunt.register("DeviceNetworkInfo", pa.table(rows))
    found = hunt.query("AssignedIPAddresses('HOST') | project Timestamp, IPAddress, IPType | sort by IPAddress asc")
    assert found.rows() == [
        (datetime(2026, 1, 2, tzinfo=UTC), "10.0.0.1", "IPv4"),
        (datetime(2026, 1, 1, tzinfo=UTC), "fe80::1", "IPv6"),
    ]
    assert hunt.query("AssignedIPAddresses('d1', datetime(2026-01-01)) | count").rows() == [(2,)]
    assert hunt.query("DeviceFromIP('10.0.0.1')").rows() == [("10.0.0.1", "d1")]
    assert hunt.query("DeviceFromIP('10.0.0.1', datetime(2025-01-01))").rows() == []


def test_seen_by_is_null(hunt: hunting.Hunt) -> None:
    assert hunt.query("Files | invoke SeenBy() | where isnull(SeenBy) | count").rows() == [(2,)]
