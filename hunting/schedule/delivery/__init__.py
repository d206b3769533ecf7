"""Where outputs go: the store's own folder, other folders, mail, webhooks.

A folder gets them exactly once. Mail and webhooks get them at least once, since the far side cannot tell: after a crash between
sending and noting it they are sent again, under the same Message-ID and the same Idempotency-Key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hunting.errors import ScheduleError
from hunting.schedule.delivery import mail, webhook
from hunting.schedule.delivery.settings import load
from hunting.schedule.files import Parcel, Tell, forget, place, placed
from hunting.schedule.jobs import Target

OUTPUTS = "outputs"
"""The folder in the store that every run's files are put into: outputs/job/moment/."""

STORE = Target("store", OUTPUTS)


def deliver(target: Target, parcel: Parcel, root: Path, now: datetime, tell: Tell) -> str:
    """Delivers to one target, and returns the place as it may be shown.

    Args:
        root: the store's folder, which holds delivery.yaml.

    Raises:
        ScheduleError: it is not allowed, or the far side has refused it.
        OSError: it cannot be reached or written.
    """
    if target == STORE:
        return place(parcel, root / OUTPUTS, tell).relative_to(root).as_posix()
    if target.kind not in _KINDS:
        raise ScheduleError(f"There is no delivery by '{target.kind}'.", hint=f"There is: {', '.join(_KINDS)}.")
    return _KINDS[target.kind](target.target, parcel, root, now, tell)


def arrived(target: Target, parcel: Parcel, root: Path) -> str | None:
    """Where a delivery that was cut short has arrived all the same; None: it has not, or nobody can tell.

    Raises:
        ScheduleError: something else is there, or the folder is not allowed.
    """
    if target.kind not in ("store", "folder"):
        return None
    folder = root / OUTPUTS if target == STORE else load(root).folder(target.target)
    found = placed(parcel, folder)
    if found is None:
        forget(parcel, folder)
        return None
    return found.relative_to(root).as_posix() if target == STORE else str(found)


def _folder(target: str, parcel: Parcel, root: Path, _now: datetime, tell: Tell) -> str:
    return str(place(parcel, load(root).folder(target), tell))


def _mail(target: str, parcel: Parcel, root: Path, now: datetime, _tell: Tell) -> str:
    mail.send(target, parcel, load(root).mail, now)
    return target


def _webhook(target: str, parcel: Parcel, root: Path, now: datetime, _tell: Tell) -> str:
    webhook.post(target, parcel, load(root).webhook, now)
    return Target("webhook", target).shown


_KINDS: dict[str, Callable[[str, Parcel, Path, datetime, Tell], str]] = {"folder": _folder, "mail": _mail, "webhook": _webhook}
