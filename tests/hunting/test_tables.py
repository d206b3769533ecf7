"""The declared tables: text -> names, types, storage."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from hunting.tables import TABLES, parse
from kql.types import Column, ScalarType

E_MAIL = (
    "EmailEvents", "EmailAttachmentInfo", "EmailUrlInfo", "EmailPostDeliveryEvents", "UrlClickEvents", "AlertInfo",
    "AlertEvidence", "CampaignInfo", "IdentityInfo", "MessageEvents", "MessagePostDeliveryEvents", "MessageUrlInfo",
)  # fmt: skip


def test_the_e_mail_family_comes_in_documented_order() -> None:
    assert [c.name for c in TABLES["EmailPostDeliveryEvents"].columns] == [
        "Timestamp", "NetworkMessageId", "InternetMessageId", "Action", "ActionType", "ActionTrigger", "ActionResult",
        "RecipientEmailAddress", "DeliveryLocation", "ThreatTypes", "DetectionMethods", "ReportId", "SenderFromAddress",
        "EmailDirection", "SourceLocation",
    ]  # fmt: skip
    assert [c.name for c in TABLES["EmailEvents"].columns][:4] == [
        "Timestamp", "NetworkMessageId", "InternetMessageId", "SenderMailFromAddress",
    ]  # fmt: skip


@pytest.mark.parametrize("name", E_MAIL)
def test_every_column_of_the_e_mail_family_says_what_it_holds(name: str) -> None:
    assert [c.name for c in TABLES[name].columns if not c.description] == []


def test_every_table_says_what_it_holds() -> None:
    assert [t.name for t in TABLES.values() if not t.description.endswith(".")] == []


def test_what_describes_a_state_has_no_time() -> None:
    timeless = {name for name, table in TABLES.items() if table.time_column is None}
    assert len(TABLES) == 65 + 6 + 3
    assert len(timeless) == 12 + 4 + 3 and {"Mailboxes", "EmailClusters", "AirInvestigations", "AirActions"} <= timeless
    assert {"JobRuns", "JobOutputs", "JobDeliveries"} <= timeless
    assert {"ExposureGraphNodes", "DeviceTvmSoftwareInventory"} <= timeless
    assert TABLES["EmailEvents"].time_column == "Timestamp"


def test_only_strings_and_the_time_are_never_null() -> None:
    columns = {c.name: c for c in TABLES["EmailEvents"].schema}
    assert columns["Subject"] == Column("Subject", ScalarType.STRING, nullable=False)
    assert columns["Timestamp"].nullable is False
    assert columns["LastEventExecutionTime"].nullable is True
    assert columns["UrlCount"].nullable is True


def test_names_that_differ_only_in_case_are_stored_apart() -> None:
    table = TABLES["DeviceProcessEvents"]
    assert table.physical["LogonId"] == "LogonId"
    assert table.physical["LogonID"] == "LogonID__2"
    for declared in TABLES.values():
        assert len({name.lower() for name in declared.physical.values()}) == len(declared.columns)


def test_arrow_schema_has_a_stored_type_for_every_kql_type() -> None:
    [table] = parse("table T: All types.\n" + "".join(f"  c_{kind}: {kind}\n" for kind in ScalarType))
    assert {f.name: f.type for f in table.arrow_schema} == {
        "c_bool": pa.bool_(), "c_int": pa.int32(), "c_long": pa.int64(), "c_real": pa.float64(),
        "c_decimal": pa.decimal128(38, 18), "c_string": pa.string(), "c_datetime": pa.timestamp("us"),
        "c_timespan": pa.int64(), "c_guid": pa.string(), "c_dynamic": pa.string(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  A: string", "x.txt:1: expected"),
        ("table T: t.\n  A: text", "x.txt:2: expected"),
        ("table T: t.\n\n  A string", "x.txt:3: expected"),
        ("table T: t.\n  A: long\n  A: long", "x.txt:3: column A is declared twice"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(parse(text, "x.txt"))


def test_completion_need_not_import_arrow() -> None:
    code = "import sys, hunting.tables as t; assert 'EmailEvents' in t.TABLES; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
