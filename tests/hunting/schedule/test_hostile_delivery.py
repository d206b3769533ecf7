"""Payloads as names of jobs and files and as titles: each file lies in its folder, and no header or line is of their making."""

from __future__ import annotations

import email
import json
import re
from datetime import UTC, datetime
from email.policy import SMTP
from pathlib import Path

from payloads import ALL, PATHS

from hunting.cli.due import _json, _line
from hunting.schedule import Outcome, Output, Target, Told
from hunting.schedule.delivery import deliver, mail, webhook
from hunting.schedule.delivery.settings import FILE, Mail
from hunting.schedule.files import Parcel, Spool
from hunting.schedule.jobs import named

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}


def parcel(root: Path, job: str, title: str, names: list[str]) -> Parcel:
    spool = Spool(root / "jobs", lambda _step: None)
    made = spool.write("0123456789abcdef", named(Output(name, b"x", f"text/html{name}") for name in names))
    return Parcel("0123456789abcdef", job, title, NOW, spool.folder("0123456789abcdef"), tuple(made))


def test_every_file_lies_in_its_folder(tmp_path: Path) -> None:
    store, share = tmp_path / "store", tmp_path / "share"
    store.mkdir()
    (store / FILE).write_text(json.dumps({"folders": [str(share)]}))
    sent = parcel(store, "job", "title", ALL)
    place = Path(deliver(Target("folder", str(share)), sent, store, NOW, lambda _step: None))
    assert place == share / "job" / "2026-11-22T1300Z" and len(list(place.iterdir())) == len(ALL)
    assert all(path.is_file() and path.name.isprintable() and not path.name.startswith(".") for path in place.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"store", "share"} and [path.name for path in share.iterdir()] == ["job"]


def test_every_job_has_a_folder_of_its_own(tmp_path: Path) -> None:
    for at, name in enumerate(PATHS):
        sent = parcel(tmp_path / f"store{at}", name, "title", ["a.html"])
        deliver(Target("store", "outputs"), sent, tmp_path / f"store{at}", NOW, lambda _step: None)
        (job,) = (tmp_path / f"store{at}" / "outputs").iterdir()
        assert job.name.isprintable() and (job / "2026-11-22T1300Z" / "a.html").read_bytes() == b"x"
    assert len(list(tmp_path.iterdir())) == len(PATHS)


def test_a_mail_has_its_own_headers_and_no_other(tmp_path: Path) -> None:
    for at, text in enumerate(ALL):
        sent = parcel(tmp_path / "store", text, text, [text])
        written = mail.message_of("ann@example.org", sent, Mail(host="localhost", sender="hunting@example.org"), NOW)
        read = email.message_from_bytes(written.as_bytes(), policy=SMTP)
        assert set(read.keys()) == HEADERS and len(read.keys()) == len(HEADERS), at
        body, attached = read.iter_parts()
        assert read["Subject"].isprintable() and read["To"] == "ann@example.org"
        assert all(c.isprintable() or c in "\r\n" for c in body.get_content())
        assert set(attached.keys()) <= {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}
        assert attached.get_filename() == sent.files[0].name
        assert re.fullmatch(r"application/octet-stream|text/html[a-z0-9.+-]*", attached.get_content_type())


def test_a_webhook_gets_the_texts_and_nothing_beside_them(tmp_path: Path) -> None:
    for text in ALL:
        body = webhook.body_of(parcel(tmp_path / "store", text, text, [text]))
        found = json.loads(body)
        assert body.isascii() and found["job"] == text and list(found) == ["job", "title", "due", "run", "text", "files"]
        assert found["title"].isprintable() and found["text"].isprintable()


def test_an_outcome_is_one_line() -> None:
    for text in ALL:
        outcome = Outcome(text, Told.FAILED, NOW, error=text, places=(text,), outputs=(text,))
        for said in (_line(outcome), _json(outcome)):
            assert said.isprintable()
