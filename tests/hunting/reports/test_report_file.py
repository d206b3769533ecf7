"""A report's file: what it may say, and what is said of every mistake: file, line, cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import hunting
from hunting.clock import fixed_clock
from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.reports import Report, find, load, load_all
from hunting.reports.report import read

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def hunt() -> Iterator[Hunt]:
    with hunting.connect(":memory:", clock=fixed_clock(NOW)) as opened:
        yield opened


def report(body: str = "", head: str = "") -> Report:
    return read("r.md", f"---\ntitle: t\n{head}---\n{body}")


def block(kql: str, info: str = "name=a") -> str:
    return f"```kql {info}\n{kql}\n```\n"


def test_a_head_says_when_for_whom_and_with_what() -> None:
    front = report(
        head="description: d\nperiod: last 4 weeks\nschedule: 0 7 * * MON\ntimezone: Europe/Berlin\nformats: [xlsx, html, xlsx]\n"
        "recipients: [a@example.com]\ndeliver: [{folder: out}]\nparameters: {since: {type: datetime, default: 2026-01-01}}\n"
    ).front
    assert (front.period, front.schedule, front.timezone) == ("last 4 weeks", "0 7 * * MON", "Europe/Berlin")
    assert front.formats == ("xlsx", "html") and front.recipients == ("a@example.com",) and front.deliver == ({"folder": "out"},)
    assert front.parameters["since"].default == datetime(2026, 1, 1, tzinfo=UTC)


HEADS = [
    ("", "r.md:1: A report begins with its head."),
    ("---\ntitle: t\n", "r.md:1: The head has no end."),
    ("---\n---\n", "r.md:2: The head must be keys and values."),
    ("---\ndescription: d\n---\n", "r.md:1: The head has no title. Add title"),
    ("---\ntitle: t\nshedule: x\n---\n", "r.md:3: 'shedule' is not a key of a report. Did you mean 'schedule'?"),
    ("---\ntitle: t\ntitle: u\n---\n", "r.md:3: 'title' is there twice."),
    ("---\ntitle: [t\n---\n", "r.md:2: The head is not YAML"),
    ("---\ntitle: t\nschedule: * * * * *\n---\n", "r.md:3: The head is not YAML"),
    ("---\ntitle: 5\n---\n", "r.md:2: 'title' must be text. Put it in quotes."),
    ("---\ntitle: t\nschedule: 0 7 * *\n---\n", "r.md:3: 'schedule' cannot be. '0 7 * *' is no cron expression. Five fields"),
    (
        "---\ntitle: t\ntimezone: Europe/Berln\n---\n",
        "r.md:3: 'timezone' cannot be. There is no time zone 'Europe/Berln'. Did you",
    ),
    ("---\ntitle: t\nperiod: next week\n---\n", "r.md:3: 'period' cannot be 'next week'. Write last day"),
    ("---\ntitle: t\nformats: [docx]\n---\n", "r.md:3: 'formats' names no format: 'docx'. Known: html, markdown"),
    ("---\ntitle: t\nrecipients: a@example.com\n---\n", "r.md:3: 'recipients' must be a list of texts."),
    ("---\ntitle: t\ndeliver: [x]\n---\n", "r.md:3: 'deliver' must be a list of destinations."),
    ("---\ntitle: t\nparameters: [x]\n---\n", "r.md:3: 'parameters' must be names and what they are."),
    ("---\ntitle: t\nparameters: {a b: {type: long}}\n---\n", "r.md:3: 'parameters' has a name that cannot be: 'a b'."),
    ("---\ntitle: t\nparameters: {_endTime: {type: datetime}}\n---\n", "r.md:3: 'parameters' has a name that cannot be"),
    ("---\ntitle: t\nparameters: {n: {type: longer}}\n---\n", "r.md:3: 'parameters' gives 'n' an unknown type: 'longer'."),
    ("---\ntitle: t\nparameters: {n: {type: long, default: x}}\n---\n", "r.md:3: 'parameters' has a default that does not fit."),
    ("---\ntitle: t\nparameters: {n: {default: 1}}\n---\n", "r.md:3: 'parameters' declares 'n' unclearly."),
    ("---\ntitle: !!python/object:os.system x\n---\n", "r.md:2: The head is not YAML"),
]


@pytest.mark.parametrize(("text", "message"), HEADS, ids=[message for _, message in HEADS])
def test_a_wrong_head_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(HuntingError, match=re.escape(message)):
        read("r.md", text)


BODIES = [
    ("```kql nme=a\nprint 1\n```\n", "r.md:4: 'nme' is not an option of a block. Did you mean 'name'?"),
    ("text\n\n```kql name=a b=c\nprint 1\n```\n", "r.md:6: 'b' is not an option of a block."),
    ("```kql name=a limit=0\nprint 1\n```\n", "r.md:4: The option 'limit' is written wrongly or twice. Write limit=20."),
    ("```kql chart=maybe\nprint 1\n```\n", "r.md:4: The option 'chart' is written wrongly or twice."),
    ("```kql hidden=yes\nprint 1\n```\n", "r.md:4: The option 'hidden' is written wrongly or twice."),
    ("```kql name=a name=b\nprint 1\n```\n", "r.md:4: The option 'name' is written wrongly or twice."),
    ("```kql name=1a\nprint 1\n```\n", "r.md:4: A block cannot be named '1a'."),
    ("```kql name=../x\nprint 1\n```\n", "r.md:4: A block cannot be named '../x'."),
    ("```kql name=window\nprint 1\n```\n", "r.md:4: A block cannot be named 'window'."),
    (block("print 1") + block("print 2", "name=A"), "r.md:7: Two blocks are named 'A'."),
    ("```kql\nprint 1\n", "r.md:4: The kql block has no end."),
    ("```kql\n\n```\n", "r.md:4: The kql block is empty."),
    ("- a\n\n  ```kql\n  print 1\n  ```\n", "r.md:6: A kql block stands inside a list or a quotation."),
    ("a\n{{ b.C }}\n", "r.md:5: There is no block 'b'. Blocks: none."),
    (block("print N = 1") + "\n{{ aa.N }}\n", "r.md:8: There is no block 'aa'. Did you mean 'a'?"),
    ("{{ window.begin }}\n", "r.md:4: The window has no 'begin'. It has: first, last, now."),
    ("{{ parameter.n }}\n", "r.md:4: 'n' is no parameter. There is: none."),
    ("a\n\n`{{ a.N }}`\n", "r.md:6: Here '{{' begins no figure."),
    ("a {{ 1 + 1 }}\n", "r.md:4: Here '{{' begins no figure."),
    ("[a](<{{ window.first }}>)\n", "r.md:4: Here '{{' begins no figure."),
    ("![a](http://example.com/x.png)\n", "r.md:4: A report loads no pictures."),
    ("a\n\nb <b>c</b>\n", "r.md:6: A report holds no HTML."),
    ("<div>\nx\n</div>\n", "r.md:4: A report holds no HTML."),
]


@pytest.mark.parametrize(("body", "message"), BODIES, ids=[message for _, message in BODIES])
def test_a_wrong_body_is_refused_with_its_line(body: str, message: str) -> None:
    with pytest.raises(HuntingError, match=re.escape(message)):
        report(body)


def test_a_wrong_query_is_told_with_the_files_line_and_a_caret(hunt: Hunt) -> None:
    wrong = report("Text.\n\n" + block("EmailEvents\n| where Sujbect == 'x'"))
    problem = wrong.problems(hunt)[0]
    assert isinstance(problem, hunting.KqlSemanticError)
    assert problem.render().splitlines()[0].startswith("r.md:8: ")
    assert problem.render().splitlines()[1:3] == ["  8 | | where Sujbect == 'x'", "              ^^^^^^^"]
    with pytest.raises(hunting.KqlSemanticError, match=re.escape("r.md:8: ")):
        wrong.run(hunt)


def test_a_mistake_on_a_blocks_first_line_is_placed_there(hunt: Hunt) -> None:
    problem = report(block("EmialEvents | count")).problems(hunt)[0]
    assert problem.span is not None and problem.text is not None and problem.span.line_column(problem.text) == (5, 1)


def test_every_fault_is_listed(hunt: Hunt) -> None:
    faulty = report(block("print N = 1") + block("T", "name=b") + "{{ a.M }} {{ b.X }}\n\n{{ a.N }}\n")
    assert [str(problem)[:8] for problem in faulty.problems(hunt)] == ["r.md:8: ", "r.md:10:"]
    assert "'M' is no column of 'a'. There is: N." in str(faulty.problems(hunt)[1])
    assert report(block("print N = 1") + "{{ a.N }}").problems(hunt) == []


def test_a_column_that_is_missing_stops_the_run(hunt: Hunt) -> None:
    with pytest.raises(HuntingError, match=re.escape("r.md:7: 'M' is no column of 'a'. There is: N.")):
        report(block("print N = 1") + "{{ a.M }}\n").run(hunt)


# ---------------------------------------------------------------- running

PARAMETERS = "parameters: {n: {type: long, default: 3}, who: {type: string}, bag: {type: dynamic, default: [1, 2]}}\n"


def test_values_are_bound_and_never_spliced(hunt: Hunt) -> None:
    asking = report(block("print n, who, bag, now(), _startTime, _endTime"), PARAMETERS)
    hostile = "x'); EmailEvents | take 1 //"
    row = asking.run(hunt, parameters={"who": hostile, "n": "7"}).results["a"].rows()[0]
    assert row == (7, hostile, [1, 2], NOW, datetime(2026, 2, 23, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "The parameter 'who' needs a value. Give one: who=..."),
        ({"whom": "x"}, "The report 'r' has no parameter 'whom'. Did you mean 'who'?"),
        ({"who": "x", "n": "seven"}, "The query parameter 'n' is a long, found str."),
    ],
)
def test_wrong_values_are_refused(hunt: Hunt, given: dict[str, object], message: str) -> None:
    with pytest.raises(hunting.KqlError, match=re.escape(message)):
        report(block("print n"), PARAMETERS).run(hunt, parameters=given)


def test_a_run_at_another_time_sees_that_time(hunt: Hunt) -> None:
    then = datetime(2025, 7, 7, 5, tzinfo=UTC)
    answered = report(block("print now(), _startTime"), "period: last day\ntimezone: Europe/Berlin\n").run(hunt, now=then)
    assert answered.results["a"].rows() == [(then, datetime(2025, 7, 5, 22, tzinfo=UTC))]
    assert (answered.stem, str(answered.window)) == ("r-2025-07-06", "2025-07-06")


def test_files_have_names_that_every_system_takes(hunt: Hunt) -> None:
    odd = read("..\\a b:c\n.md", "---\ntitle: t\n---\n")
    assert odd.run(hunt).stem == "a-b-c-2026-02-23"


def test_the_window_can_be_chosen(hunt: Hunt) -> None:
    window = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC)
    answered = report(block("print _startTime, _endTime")).run(hunt, window=window)
    assert answered.results["a"].rows() == [window]
    assert str(answered.window) == "2026-01-01 00:00 to 2026-01-01 12:00"


def test_progress_is_told_block_by_block(hunt: Hunt) -> None:
    told: list[tuple[str, int, int]] = []
    report(block("print 1") + block("print 2", "name=b")).run(hunt, progress=lambda *each: told.append(each))
    assert told == [("a", 0, 2), ("b", 1, 2)]


def test_a_hunt_runs_a_shipped_report_by_name(hunt: Hunt) -> None:
    answered = hunt.reports.run("weekly-phish")
    assert answered.figures["headline.Threats"].value == 0
    assert [each.name for each in hunt.reports.all()] == [each.name for each in load_all()]


def test_files_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_bytes(b"\xef\xbb\xbf---\r\ntitle: t\r\n---\r\n```kql\r\nprint 1\r\n```\r\n")
    assert find("own", tmp_path).blocks[0].kql == "print 1"
    assert find(str(tmp_path / "own.md")).name == "own" == load_all(tmp_path)[0].name
    with pytest.raises(HuntingError, match=re.escape("There is no report 'weekly-fish'. Did you mean 'weekly-phish'?")):
        find("weekly-fish")
    with pytest.raises(HuntingError, match="cannot be read"):
        load(tmp_path / "none.md")
    (tmp_path / "own.md").write_bytes(b"\xff\xfe")
    with pytest.raises(HuntingError, match="is not UTF-8 text"):
        load(tmp_path / "own.md")
    with pytest.raises(HuntingError, match="There is no folder"):
        load_all(tmp_path / "none")
