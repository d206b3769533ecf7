"""Deliveries: what is allowed, what is refused, what lies in a folder; and the settings that say so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from parcels import NOW, OUTPUTS

from hunting.errors import ScheduleError
from hunting.schedule import Target
from hunting.schedule.delivery import deliver
from hunting.schedule.delivery.settings import FILE, Secret, Settings, load
from hunting.schedule.files import Parcel


def given(tmp_path: Path, settings: object) -> None:
    (tmp_path / "store" / FILE).write_text(json.dumps(settings))


def sent(tmp_path: Path, parcel: Parcel, kind: str, target: str) -> str:
    return deliver(Target(kind, target), parcel, tmp_path / "store", NOW, lambda _step: None)


# ---------------------------------------------------------------- folders


def test_a_folder_gets_everything_once(tmp_path: Path, parcel: Parcel) -> None:
    given(tmp_path, {"folders": [str(tmp_path / "share")]})
    for _ in range(2):
        place = Path(sent(tmp_path, parcel, "folder", str(tmp_path / "share" / "soc")))
    assert place == tmp_path / "share" / "soc" / "weekly" / "2026-11-22T1300Z"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {o.name: o.content for o in OUTPUTS}
    assert len(list((tmp_path / "share").rglob("*"))) == 3 + len(OUTPUTS)


def test_a_relative_folder_lies_in_the_first_root(tmp_path: Path, parcel: Parcel) -> None:
    given(tmp_path, {"folders": [str(tmp_path / "share"), str(tmp_path / "other")]})
    assert sent(tmp_path, parcel, "folder", "soc").startswith(str(tmp_path / "share" / "soc"))


@pytest.mark.parametrize("target", ["/etc", "..", "../other", "{root}/../other", "{root}x", "{root}/link/in", "a\0b", "", "~/x"])
def test_no_folder_but_those_allowed(tmp_path: Path, parcel: Parcel, target: str) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (tmp_path / "other").mkdir()
    (share / "link").symlink_to(tmp_path / "other")
    given(tmp_path, {"folders": [str(share)]})
    before = sorted((tmp_path / "other").rglob("*"))
    if target in ("", "~/x"):  # nothing special, and inside
        assert sent(tmp_path, parcel, "folder", target).startswith(str(share))
    else:
        with pytest.raises(ScheduleError):
            sent(tmp_path, parcel, "folder", target.format(root=share))
    assert sorted((tmp_path / "other").rglob("*")) == before


def test_a_link_in_place_of_the_job_is_not_followed(tmp_path: Path, parcel: Parcel) -> None:
    share, other = tmp_path / "share", tmp_path / "other"
    share.mkdir()
    other.mkdir()
    (share / "weekly").symlink_to(other)
    given(tmp_path, {"folders": [str(share)]})
    with pytest.raises(ScheduleError, match="is a link"):
        sent(tmp_path, parcel, "folder", str(share))
    assert list(other.iterdir()) == []


def test_what_somebody_else_put_there_is_not_overwritten(tmp_path: Path, parcel: Parcel) -> None:
    given(tmp_path, {"folders": [str(tmp_path / "share")]})
    theirs = tmp_path / "share" / "weekly" / "2026-11-22T1300Z" / "data.xlsx"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    with pytest.raises(ScheduleError, match="holds something else"):
        sent(tmp_path, parcel, "folder", str(tmp_path / "share"))
    assert theirs.read_bytes() == b"theirs"


def test_nothing_is_allowed_without_settings(tmp_path: Path, parcel: Parcel) -> None:
    for kind, target in [("folder", str(tmp_path)), ("mail", "a@b.example"), ("webhook", "https://b.example"), ("fax", "1")]:
        with pytest.raises(ScheduleError):
            sent(tmp_path, parcel, kind, target)
    assert sent(tmp_path, parcel, "store", "outputs") == "outputs/weekly/2026-11-22T1300Z"


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("folders: /srv", "must be a list"),
        ("folder: [/srv]", "'folder' is not known"),
        ("mail: {password: hunter2}", "no place here"),
        ("mail: {password: {env: A, file: b}}", "no place here"),
        ("mail: {security: ssl}", "starttls, tls or none"),
        ("mail: {port: 0}", "from 1 to 65,535"),
        ("mail: {sender: \"a@b\\nBcc: c@d\"}", "must be text"),
        ("webhook: {follow: true}", "'webhook.follow' is not known"),
        ("webhook: {names: {soc: https://x/hunter2}}", "no place here"),
        ("- a", "must be keys and values"),
        ("a: [", "cannot be read, line"),
        ("!!python/object/apply:os.system [id]", "cannot be read"),
        ("\xff", "cannot be read"),
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ScheduleError, match=said) as refused:
        load(tmp_path)
    assert "hunter2" not in refused.value.render()


def test_a_secret_comes_from_the_environment_or_from_a_file_of_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "s1")
    assert Secret(env="A_SECRET").read() == "s1"
    path = tmp_path / "secret"
    path.write_text("s2\n")
    path.chmod(0o640)
    with pytest.raises(ScheduleError, match="Others may read"):
        Secret(file=str(path)).read()
    path.chmod(0o600)
    assert Secret(file=str(path)).read() == "s2"
    for missing in (Secret(env="NOT_THERE"), Secret(file=str(tmp_path / "none"))):
        with pytest.raises(ScheduleError):
            missing.read()


def test_settings_as_they_are_written(tmp_path: Path) -> None:
    text = load.__globals__["__doc__"].partition("to.\n\n")[2].rpartition("\n\nA key")[0]
    (tmp_path / FILE).write_text("\n".join(line[4:] for line in text.splitlines()))
    found = load(tmp_path)
    assert found != Settings() and found.mail.port == 587 and found.mail.recipients == ("@example.org", "ciso@partner.example")
    assert found.webhook.names == {"soc": Secret(env="SOC_WEBHOOK")} and found.folders == ("/srv/reports",)
    assert os.name == "nt" or found.folder("/srv/reports/x") == Path("/srv/reports/x")
