"""explorer; email show."""

from __future__ import annotations

from typing import Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.group import Group
from hunting.cli.opening import open_air
from hunting.cli.options import COUNT, LIMIT, STORE, Form, Format, Limit, Now, Output, Since, Store, Until, bound
from hunting.cli.output import note, show, write

email = Group("email", "Messages.")


def explorer(
    additional_action: Annotated[str, Option(metavar="TEXT", help="'Automated remediation:automated', ZAP, None, ...")] = "",
    message: Annotated[str, Option(metavar="ID", help="A NetworkMessageId.")] = "",
    recipient: Annotated[str, Option(metavar="ADDRESS", help="An address.")] = "",
    sender: Annotated[str, Option(metavar="ADDRESS", help="An address.")] = "",
    subject: Annotated[str, Option(metavar="TEXT", help="Part of the subject.")] = "",
    location: Annotated[str, Option(metavar="TEXT", help="The latest delivery location.")] = "",
    threat: Annotated[str, Option(metavar="TEXT", help="Malware, Phish, Spam.")] = "",
    top: Annotated[int, Option(type=COUNT, metavar="N", help="Rows that are looked up, the newest first.")] = 10_000,
    since: Since = "",
    until: Until = "",
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Show mail as Threat Explorer does: a row per copy, with what was done after delivery."""
    with open_air(store, now) as air:
        found = air.explorer(
            additional_action=additional_action,
            message=message,
            recipient=recipient,
            sender=sender,
            subject=subject,
            location=location,
            threat=threat,
            since=bound(since, "--since"),
            until=bound(until, "--until"),
            limit=top,
        )
    show(found, form, output, limit)
    if len(found) == top:
        note(f"The newest {top:,} rows; there may be more (--top).")


@email.verb("show")
def email_show(
    message: Annotated[str, Argument(metavar="ID", help="The NetworkMessageId.")],
    recipient: Annotated[str, Option(metavar="ADDRESS", help="One copy alone.")] = "",
    timeline: Annotated[bool, Option(help="The timeline alone, in any format.")] = False,
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Show a message: its copies with original and latest location, and what happened to them."""
    if not timeline and (output is not None or form not in (None, Form.TABLE)):
        raise click.BadParameter("The page as a whole is for reading; --timeline goes into any format.", param_hint="-f")
    with open_air(store, now) as air:
        found = air.email(message, recipient)
    if timeline:
        show(found.timeline, form, output, limit)
        return
    for number, (name, table) in enumerate((("Copies", found.copies), ("Timeline", found.timeline))):
        write(("\n" if number else "") + f"{name}\n")
        show(table, Form.TABLE, None, limit)
