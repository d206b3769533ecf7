"""Errors of the product that are not about a query's text; all are `KqlError`, what a user can cause and cure.

KqlError
└── HuntingError
    ├── StoreError    the folder of tables: missing, damaged, foreign
    ├── BusyError     another process is writing what one would write
    ├── AirError      a remediation that cannot be done, and why
    └── ScheduleError a schedule, a job or a delivery that is not possible
"""

from __future__ import annotations

from kql.errors import KqlError


class HuntingError(KqlError):
    """A mistake or a state outside the query."""


class StoreError(HuntingError):
    """The store cannot be opened, read or written."""


class BusyError(HuntingError):
    """Another process is writing what can have one writer at a time; nothing was changed, and trying again will do."""


class ScheduleError(HuntingError):
    """A schedule, a job or a delivery that is not possible, with the reason."""


class AirError(HuntingError):
    """An investigation, action, approval or undo that cannot be carried out, with the reason."""
