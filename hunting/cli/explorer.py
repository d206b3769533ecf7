"""explorer; email show."""

from __future__ import annotations

from typing import Annotated

import typer

from hunting.cli.group import Commands
from hunting.cli.opening import open_air
from hunting.cli.options import LIMIT, STORE, Form, Format, Limit, Now, Output, Since, Store, Until, bound
from hunting.cli.output import note, show, write

email = typer.Typer(cls=Commands, help="Messages.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command()(explorer)
    app.add_typer(email, name="email")


def explorer(
    additional_action: Annotated[
        str, typer.Option(metavar="TEXT", help="'Automated remediation:automated', ZAP, None, ...")
    ] = "",
    message: Annotated[str, typer.Option(metavar="ID", help="A NetworkMessageId.")] = "",
    recipient: Annotated[str, typer.Option(metavar="ADDRESS", help="An address.")] = "",
    sender: Annotated[str, typer.Option(metavar="ADDRESS", help="An address.")] = "",
    subject: Annotated[str, typer.Option(metavar="TEXT", help="Part of the subject.")] = "",
    location: Annotated[str, typer.Option(metavar="TEXT", help="The latest delivery location.")] = "",
    threat: Annotated[str, typer.Option(metavar="TEXT", help="Malware, Phish, Spam.")] = "",
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Rows that are looked up, the newest first.")] = 10_000,
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


@email.command("show")
def email_show(
    message: Annotated[str, typer.Argument(metavar="ID", help="The NetworkMessageId.", show_default=False)],
    recipient: Annotated[str, typer.Option(metavar="ADDRESS", help="One copy alone.")] = "",
    timeline: Annotated[bool, typer.Option(help="The timeline alone, in any format.")] = False,
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Show a message: its copies with original and latest location, and what happened to them."""
    if not timeline and (output is not None or form not in (None, Form.TABLE)):
        raise typer.BadParameter("The page as a whole is for reading; --timeline goes into any format.", param_hint="-f")
    with open_air(store, now) as air:
        found = air.email(message, recipient)
    if timeline:
        show(found.timeline, form, output, limit)
        return
    for number, (name, table) in enumerate((("Copies", found.copies), ("Timeline", found.timeline))):
        write(("\n" if number else "") + f"{name}\n")
        show(table, Form.TABLE, None, limit)
