"""Outputs by mail: one message per recipient, encrypted on its way, under a Message-ID that stays when it is sent again."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from hunting.air.journal import identifier
from hunting.errors import ScheduleError
from hunting.schedule.delivery.settings import FILE, Mail
from hunting.schedule.files import Parcel
from hunting.schedule.words import line

_TIMEOUT = 30.0  # seconds that the server may be silent
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MEDIA_TYPE = re.compile(r"(application|audio|image|text|video)/([a-z0-9][a-z0-9.+-]{0,80})")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def send(recipient: str, parcel: Parcel, settings: Mail, now: datetime) -> None:
    """Sends a run's files to one recipient.

    Raises:
        ScheduleError: no mail server is named, the recipient is not allowed, or the server refuses.
        OSError: the server cannot be reached, or its certificate is not its own.
    """
    allowed(recipient, settings)
    message = message_of(recipient, parcel, settings, now)
    try:
        with _server(settings) as server:
            server.send_message(message, settings.sender, [recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = error.recipients.get(recipient, (0, b""))
        raise ScheduleError(f"The mail server refuses the recipient: {code} {_said(said)}") from None
    except smtplib.SMTPResponseException as error:
        raise ScheduleError(f"The mail server refuses: {error.smtp_code} {_said(error.smtp_error)}") from None
    except smtplib.SMTPException as error:
        raise ScheduleError(f"The mail server and this program do not understand each other: {error}") from None


def allowed(recipient: str, settings: Mail) -> None:
    """Checks an address against the list of those that may get mail.

    Raises:
        ScheduleError: it is no address, or not on the list.
    """
    if not settings.host or not _ADDRESS.fullmatch(settings.sender):
        raise ScheduleError("No mail server is set up.", hint=f"{FILE} in the store needs mail: with host and sender.")
    if not _ADDRESS.fullmatch(recipient):
        raise ScheduleError(f"'{recipient[:100]}' is no e-mail address.")
    address = recipient.lower()
    if not {address, "@" + address.rpartition("@")[2]} & set(settings.recipients):
        raise ScheduleError(f"Mail to {recipient} is not allowed.", hint=f"Name it under mail.recipients in {FILE}.")


def message_of(recipient: str, parcel: Parcel, settings: Mail, now: datetime) -> EmailMessage:
    """The message. Its headers are made of checked addresses and of one line of text each: nothing can add another header."""
    message = EmailMessage(policy=SMTP)
    user, _, domain = settings.sender.rpartition("@")
    message["From"] = Address("hunting", user, domain)
    message["To"] = Address("", *recipient.rsplit("@", 1))
    message["Subject"] = line(parcel.title or parcel.job)
    message["Date"] = now
    message["Message-ID"] = f"<{identifier('mail', parcel.run_id, recipient.lower())}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"{line(parcel.title or parcel.job)}\n\nJob: {line(parcel.job)}\nDue: {parcel.due:%Y-%m-%d %H:%M} UTC\n"
        f"Run: {parcel.run_id}\n\n" + "".join(f"{file.name} ({file.size:,} bytes)\n" for file in parcel.files)
    )
    for file in parcel.files:
        known = _MEDIA_TYPE.fullmatch(file.media_type.partition(";")[0].strip())
        main, sub = known.groups() if known else ("application", "octet-stream")
        params = {"charset": "utf-8"} if main == "text" else {}
        message.add_attachment(parcel.content(file), maintype=main, subtype=sub, filename=file.name, params=params)
    return message


@contextmanager
def _server(settings: Mail) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted unless it stays on this machine, and logged in."""
    if settings.security == "none" and settings.host not in _LOCAL:
        raise ScheduleError("Mail without encryption goes to this machine only.", hint=f"Set mail.security in {FILE}.")
    if settings.security == "none" and settings.user:
        raise ScheduleError("A password is not sent without encryption.", hint=f"Set mail.security in {FILE}.")
    port = settings.port or _PORTS[settings.security]
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    name = settings.sender.rpartition("@")[2]  # given, it is not asked of the name server, which may take its time
    if settings.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, port, name, timeout=_TIMEOUT, context=context)
    else:
        connection = smtplib.SMTP(settings.host, port, name, timeout=_TIMEOUT)
    with connection as server:
        if settings.security == "starttls":
            server.starttls(context=context)  # raises where the server offers none
        if settings.user:
            server.login(settings.user, settings.password.read() if settings.password else "")
        yield server


def _said(answer: bytes | str) -> str:
    return line(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)
