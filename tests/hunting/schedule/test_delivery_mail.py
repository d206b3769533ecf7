"""Deliveries by mail: what arrives, who gets none, and what never leaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from parcels import NOW, OUTPUTS
from servers import CERTIFICATE, MailServer, running

from hunting.errors import ScheduleError
from hunting.schedule.delivery import mail
from hunting.schedule.delivery.settings import Mail, Secret
from hunting.schedule.files import Parcel


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running(MailServer()) as server:
        yield server


@pytest.fixture
def mailing(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Mail:
    monkeypatch.setenv("SMTP_SECRET", "hunter2")
    return Mail(
        "localhost", mail_server.port, "starttls", "reports", Secret(env="SMTP_SECRET"), "reports@example.org",
        ("@example.org", "ciso@partner.example"), str(CERTIFICATE),
    )  # fmt: skip


def test_a_mail_as_it_arrives(mail_server: MailServer, mailing: Mail, parcel: Parcel) -> None:
    mail.send("Ann@Example.org", parcel, mailing, NOW)
    [got], [(sender, to, encrypted)] = mail_server.mails, mail_server.envelopes
    assert (sender, to, encrypted) == ("reports@example.org", ["Ann@Example.org"], True)
    assert mail_server.logins == [("\0reports\0hunter2", True)]
    assert (got["Subject"], got["To"], got["From"]) == ("Weekly phish", "Ann@Example.org", "hunting <reports@example.org>")
    assert got["Date"].datetime == NOW
    assert [(part.get_filename(), part.get_content_type()) for part in got.iter_attachments()] == [
        ("wöchentlich.html", "text/html"),
        ("data.xlsx", "application/octet-stream"),
    ]
    page, data = (part.get_content() for part in got.iter_attachments())
    assert (page, data) == ("<p>grün", OUTPUTS[1].content)


def test_a_mail_sent_again_has_the_same_id_and_another_recipient_another(
    mail_server: MailServer, mailing: Mail, parcel: Parcel
) -> None:
    for to in ("a@example.org", "a@example.org", "b@example.org"):
        mail.send(to, parcel, mailing, NOW)
    first, again, other = (got["Message-ID"] for got in mail_server.mails)
    assert first == again != other and first.endswith("@example.org>")


@pytest.mark.parametrize(
    "recipient",
    [
        "eve@evil.example", "ann@example.org.evil.example", "ann@sub.example.org", "ann@example.org,eve@evil.example",
        "ann@example.org\nBcc: eve@evil.example", "ann@example.org\r\nDATA", "<eve@evil.example> ann@example.org", "@example.org",
        "eve@evil.example ann@example.org", "", "ann", 'x"@example.org', "ann@example.org>\r\nRCPT TO:<eve@evil.example",
    ],
)  # fmt: skip
def test_nobody_else_gets_mail(mail_server: MailServer, mailing: Mail, parcel: Parcel, recipient: str) -> None:
    with pytest.raises(ScheduleError):
        mail.send(recipient, parcel, mailing, NOW)
    assert mail_server.envelopes == [] and mail_server.logins == []


@pytest.mark.parametrize(
    "title", ["a\r\nBcc: eve@evil.example", "a\nContent-Type: text/html\n\n<script>", "\u202egnp\0", "ü" * 2000]
)
def test_no_title_adds_a_header(mail_server: MailServer, mailing: Mail, parcel: Parcel, title: str) -> None:
    mail.send("a@example.org", replace(parcel, title=title, job=title), mailing, NOW)
    [got] = mail_server.mails
    assert sorted(got.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert "\n" not in got["Subject"] and got.get_content_type() == "multipart/mixed"
    assert len(list(got.iter_attachments())) == 2


def test_without_encryption_nothing_leaves_this_machine(mail_server: MailServer, mailing: Mail, parcel: Parcel) -> None:
    mail_server.offers = ["8BITMIME", "AUTH PLAIN"]
    with pytest.raises(ScheduleError, match="STARTTLS"):
        mail.send("a@example.org", parcel, mailing, NOW)
    with pytest.raises(ScheduleError, match="this machine only"):
        mail.send("a@example.org", parcel, replace(mailing, host="mail.example.org", security="none"), NOW)
    with pytest.raises(ScheduleError, match="password is not sent"):
        mail.send("a@example.org", parcel, replace(mailing, security="none"), NOW)
    assert mail_server.envelopes == [] and mail_server.logins == []


def test_a_server_that_is_not_who_it_says_gets_nothing(mail_server: MailServer, mailing: Mail, parcel: Parcel) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        mail.send("a@example.org", parcel, replace(mailing, ca_file=""), NOW)
    assert mail_server.envelopes == [] and mail_server.logins == []


def test_tls_from_the_start(mailing: Mail, parcel: Parcel) -> None:
    with running(MailServer(wrapped=True)) as server:
        mail.send("a@example.org", parcel, replace(mailing, port=server.port, security="tls"), NOW)
        assert [envelope[2] for envelope in server.envelopes] == [True]


@pytest.mark.parametrize(
    ("command", "answer"), [("RCPT", b"550 no\x1b[31m such user"), ("DATA", b"451 later"), ("AUTH", b"535 hunter who?")]
)
def test_a_refusal_is_told_in_words(mail_server: MailServer, mailing: Mail, parcel: Parcel, command: str, answer: bytes) -> None:
    mail_server.refuses[command] = answer
    with pytest.raises(ScheduleError, match=answer[:3].decode()) as refused:
        mail.send("a@example.org", parcel, mailing, NOW)
    assert refused.value.message.isprintable() and "hunter2" not in refused.value.render()
