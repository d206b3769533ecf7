"""Where deliveries may go: `delivery.yaml` in the store. What it does not name is not delivered to.

    folders: [/srv/reports]                 # a folder target must lie in one of these
    mail:
      host: smtp.example.org
      port: 587                             # default: 587 for starttls, 465 for tls
      security: starttls                    # or tls; none only to this machine
      user: reports
      password: {env: HUNTING_SMTP_PASSWORD}   # or {file: /etc/hunting/smtp}, a file that its owner alone may read
      sender: reports@example.org
      recipients: ["@example.org", ciso@partner.example]   # addresses, or whole domains
    webhook:
      hosts: [hooks.example.org]            # a webhook's host must be one of these
      private: [siem.example.org]           # of those: hosts whose address may be private or of this machine
      names: {soc: {env: SOC_WEBHOOK}}      # a URL that is itself a secret
      secret: {env: HUNTING_WEBHOOK_SECRET} # signs what is sent
      largest: 5000000                      # bytes of a body

A key that is not known is refused, so that a slip of the pen does not open or shut anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from hunting.errors import ScheduleError
from kql.errors import closest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE = "delivery.yaml"
_T = TypeVar("_T", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is found; the secret itself is read when it is used, and kept nowhere."""

    env: str = ""
    file: str = ""

    def read(self) -> str:
        """The secret.

        Raises:
            ScheduleError: it is not there, or others than its owner may read its file.
        """
        if self.env:
            if not os.environ.get(self.env):
                raise ScheduleError(f"The environment has no {self.env}.", hint=f"{FILE} takes a secret from it.")
            return os.environ[self.env]
        path = Path(self.file)
        try:
            with path.open("rb") as file:
                if os.name != "nt" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise ScheduleError(f"Others may read the secret in {path.name}.", hint=f"chmod 600 {path.name}")
                return file.read(65_536).decode().strip()
        except (OSError, UnicodeDecodeError):
            raise ScheduleError(f"The secret in {path.name} cannot be read.", hint=f"{FILE} names this file.") from None


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server, and who may get mail."""

    host: str = ""
    port: int = 0
    security: str = "starttls"
    user: str = ""
    password: Secret | None = None
    sender: str = ""
    recipients: tuple[str, ...] = ()
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """The hosts that may be posted to."""

    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    names: Mapping[str, Secret] = field(default_factory=dict)
    secret: Secret | None = None
    largest: int = 5_000_000
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of `delivery.yaml`."""

    folders: tuple[str, ...] = ()
    mail: Mail = field(default_factory=Mail)
    webhook: Webhook = field(default_factory=Webhook)

    def folder(self, target: str) -> Path:
        """The folder that a target names, links resolved.

        Raises:
            ScheduleError: it lies in none of the folders that are allowed.
        """
        roots = [Path(root).resolve() for root in self.folders]
        wanted = Path(target)
        try:
            found = (wanted if wanted.is_absolute() or not roots else roots[0] / wanted).resolve()
        except (OSError, ValueError, RuntimeError):
            raise ScheduleError(f"'{target[:100]}' is no folder.") from None
        if not any(found.is_relative_to(root) for root in roots):
            raise ScheduleError(f"The folder '{target[:100]}' is not allowed.", hint=f"Name it under 'folders' in {FILE}.")
        return found


def load(root: Path) -> Settings:
    """The settings of a store; without the file, nothing but the store's own folder is allowed.

    Raises:
        ScheduleError: the file cannot be read, or holds what it cannot mean.
    """
    try:
        given = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        raise ScheduleError(f"{FILE} cannot be read{f', line {place.line + 1}' if place else ''}.", hint="Is it YAML?") from None
    return _section(Settings, {} if given is None else given, "")


def _section(kind: type[_T], given: Any, name: str) -> _T:
    if not isinstance(given, dict):
        raise _wrong(name, "must be keys and values")
    known = {each.name for each in fields(kind)}
    for key in given:
        if key not in known:
            hint = closest(str(key), known) or f"Known: {', '.join(sorted(known))}."
            raise ScheduleError(f"{FILE}: '{_under(name, key)}' is not known.", hint=hint)
    return kind(**{key: _READERS[_under(name, key)](value, _under(name, key)) for key, value in given.items()})


def _under(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _wrong(name: str, what: str) -> ScheduleError:
    return ScheduleError(f"{FILE}: '{name or FILE}' {what}.")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise _wrong(name, "must be text")
    return value.strip()


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(name, "must be a list")
    return tuple(_text(each, name) for each in value)


def _lower(value: Any, name: str) -> tuple[str, ...]:
    return tuple(each.lower() for each in _texts(value, name))


def _number(largest: int) -> Callable[[Any, str], int]:
    def read(value: Any, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
            raise _wrong(name, f"must be a number from 1 to {largest:,}")
        return value

    return read


def _security(value: Any, name: str) -> str:
    if value not in ("starttls", "tls", "none"):
        raise _wrong(name, "must be starttls, tls or none")
    return str(value)


def _secret(value: Any, name: str) -> Secret:
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= {"env", "file"}:
        raise _wrong(name, "must be {env: NAME} or {file: PATH}; a secret itself has no place here")
    return Secret(**{key: _text(each, name) for key, each in value.items()})


def _secrets(value: Any, name: str) -> Mapping[str, Secret]:
    if not isinstance(value, dict):
        raise _wrong(name, "must be names and where their URLs are")
    return {_text(key, name): _secret(each, f"{name}.{key}") for key, each in value.items()}


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "folders": _texts,
    "mail": lambda value, name: _section(Mail, value, name),
    "mail.host": _text,
    "mail.port": _number(65_535),
    "mail.security": _security,
    "mail.user": _text,
    "mail.password": _secret,
    "mail.sender": _text,
    "mail.recipients": _lower,
    "mail.ca_file": _text,
    "webhook": lambda value, name: _section(Webhook, value, name),
    "webhook.hosts": _lower,
    "webhook.private": _lower,
    "webhook.names": _secrets,
    "webhook.secret": _secret,
    "webhook.largest": _number(100_000_000),
    "webhook.ca_file": _text,
}
