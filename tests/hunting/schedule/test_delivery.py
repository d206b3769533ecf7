"""Deliveries: what is allowed, what is refused, what the far side gets, and what never leaks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers import CERTIFICATE, HookServer, MailServer, running

from hunting.errors import ScheduleError
from hunting.schedule import Output, Target
from hunting.schedule.delivery import deliver, mail, webhook
from hunting.schedule.delivery.settings import FILE, Mail, Secret, Settings, Webhook, load
from hunting.schedule.files import Parcel, Spool

NOW = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
OUTPUTS = [
    Output("wöchentlich.html", "<p>grün".encode(), "text/html"),
    Output("data.xlsx", bytes(range(256)) * 100, "x/y\r\nEvil: 1"),
]


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    spool = Spool(tmp_path / "store" / "jobs", lambda _step: None)
    made = spool.write("0123456789abcdef", OUTPUTS)
    return Parcel(
        "0123456789abcdef", "weekly", "Weekly phish", NOW.replace(minute=0), spool.folder("0123456789abcdef"), tuple(made)
    )


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


# ---------------------------------------------------------------- mail


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


# ---------------------------------------------------------------- webhooks


@pytest.fixture
def hook_server() -> Iterator[HookServer]:
    with running(HookServer()) as server:
        yield server


@pytest.fixture
def hooking(hook_server: HookServer, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    monkeypatch.setenv("HOOK_SECRET", "hunter2")
    monkeypatch.setenv("SOC_HOOK", f"https://localhost:{hook_server.port}/T0/secret?x=1")
    return Webhook(
        (f"localhost:{hook_server.port}",), ("localhost",), {"soc": Secret(env="SOC_HOOK")}, Secret(env="HOOK_SECRET"),
        ca_file=str(CERTIFICATE),
    )  # fmt: skip


def test_a_post_as_it_arrives(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    webhook.post("soc", parcel, hooking, NOW)
    [(path, headers, body)] = hook_server.posts
    told = json.loads(body)
    assert path == "/T0/secret?x=1" and headers["content-type"] == "application/json"
    assert (told["job"], told["due"], told["run"]) == ("weekly", "2026-11-22T13:00:00+00:00", "0123456789abcdef")
    assert [base64.b64decode(file["content"]) for file in told["files"]] == [o.content for o in OUTPUTS]
    assert [file["sha256"] for file in told["files"]] == [hashlib.sha256(o.content).hexdigest() for o in OUTPUTS]
    signed = f"{headers['webhook-id']}.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(b"hunter2", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}" and headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_a_post_sent_again_has_the_same_key(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    for at in (NOW, NOW.replace(hour=20)):
        webhook.post("soc", parcel, hooking, at)
    first, again = (headers for _, headers, _ in hook_server.posts)
    assert first["idempotency-key"] == again["idempotency-key"] == first["webhook-id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/", "https://localhost/", "https://evil.example/", "https://localhost:{port}@evil.example/",
        "https://me:pw@localhost:{port}/", "https://evil.example#@localhost:{port}/", "https://evil.example\\@localhost:{port}/",
        "https://localhost:{port}/a b", "https://localhost:{port}/\r\nX: y", "ftp://localhost:{port}/", "//localhost:{port}/",
        "https://localhost:{port}.evil.example/", "https://localhost:99999/", "https://[::1]:{port}/", "https://127.0.0.1:{port}/",
        "file:///etc/passwd", "", "https://", "https://LOCALHOST.evil.example:{port}/", "https://löcalhost:{port}/",
    ],
)  # fmt: skip
def test_no_host_but_those_allowed(hook_server: HookServer, hooking: Webhook, parcel: Parcel, url: str) -> None:
    with pytest.raises(ScheduleError):
        webhook.post(url.format(port=hook_server.port), parcel, hooking, NOW)
    assert hook_server.posts == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
        "::", "255.255.255.255", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_a_private_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (address, 443))])
    with pytest.raises(ScheduleError, match="not public"):
        webhook.resolved("hooks.example.org", 443, private=False)
    assert webhook.resolved("hooks.example.org", 443, private=True) == address


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_public_address_is(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (address, 443))])
    assert webhook.resolved("hooks.example.org", 443, private=False) == address


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
    with pytest.raises(ScheduleError, match="not public"):
        webhook.resolved("hooks.example.org", 443, private=False)


def test_the_name_is_asked_for_once_and_the_answer_is_used(
    hook_server: HookServer, hooking: Webhook, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time finds nobody who asks."""
    asked: list[str] = []
    real = webhook.socket.getaddrinfo

    def answer(host: str, *more: object, **named: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host == "hooks.example.test" else host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("socket.getaddrinfo", answer)
    settings = replace(hooking, hosts=(f"hooks.example.test:{hook_server.port}",), private=("hooks.example.test",))
    webhook.post(f"https://hooks.example.test:{hook_server.port}/x", parcel, settings, NOW)
    assert asked == ["hooks.example.test", "127.0.0.1"], "then only the address, which is no name"
    assert hook_server.posts[0][1]["host"] == f"hooks.example.test:{hook_server.port}"


def test_nothing_is_followed(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    hook_server.answers, hook_server.location = 307, f"https://localhost:{hook_server.port}/elsewhere"
    with pytest.raises(ScheduleError, match="answered 307") as refused:
        webhook.post("soc", parcel, hooking, NOW)
    assert len(hook_server.posts) == 1
    assert refused.value.message.isprintable() and "secret" not in refused.value.render()


def test_a_certificate_of_another_host_is_refused(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        webhook.post("soc", parcel, replace(hooking, ca_file=""), NOW)
    assert hook_server.posts == []


def test_a_body_has_its_limit(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    with pytest.raises(ScheduleError, match="1,000 are allowed"):
        webhook.post("soc", parcel, replace(hooking, largest=1000), NOW)
    assert hook_server.posts == []


def test_an_answer_that_drips_is_cut_off(
    hook_server: HookServer, hooking: Webhook, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_DEADLINE", 0.5)
    hook_server.drips = 0.1
    begun = time.monotonic()
    webhook.post("soc", parcel, hooking, NOW)  # its status had come
    assert time.monotonic() - begun < 5
    hook_server.drips = 0


def test_what_is_shown_of_a_url_is_its_host() -> None:
    assert Target("webhook", "https://hooks.example.org/T0/secret?x=1").shown == "https://hooks.example.org"
    assert Target("webhook", "https://me:pw@hooks.example.org:8443#frag").shown == "https://hooks.example.org:8443"
    assert Target("mail", "ann@example.org").shown == "ann@example.org"


def test_settings_as_they_are_written(tmp_path: Path) -> None:
    text = load.__globals__["__doc__"].partition("to.\n\n")[2].rpartition("\n\nA key")[0]
    (tmp_path / FILE).write_text("\n".join(line[4:] for line in text.splitlines()))
    found = load(tmp_path)
    assert found != Settings() and found.mail.port == 587 and found.mail.recipients == ("@example.org", "ciso@partner.example")
    assert found.webhook.names == {"soc": Secret(env="SOC_WEBHOOK")} and found.folders == ("/srv/reports",)
    assert os.name == "nt" or found.folder("/srv/reports/x") == Path("/srv/reports/x")
