"""Lark's errors in an analyst's words: what was found, what was expected, and the cure for the usual slips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput, UnexpectedToken

from kql.errors import KqlSyntaxError, Span, closest
from kql.parsing.limits import BLANKS, QUOTED, UNCLOSED
from kql.parsing.tables import spelled

# What other query languages say, and KQL's word for it.
_ELSEWHERE = {
    "select": "KQL starts with the table and chooses columns with 'project': Table | project a, b.",
    "group": "KQL groups with 'summarize <aggregate> by <column>'.",
    "having": "Filter after 'summarize' with another '| where'.",
    "from": "A KQL query starts with the table: Table | where ...",
    "is": "KQL tests for a missing value with isnull(x), isempty(x) or isnotempty(x).",
    "not": "KQL negates with not(...), or with '!' before the operator: '!in', '!has', '!contains'.",
    "case": "KQL writes case(condition, value, ..., otherwise) or iff(condition, then, else).",
    "offset": "KQL has no offset; number the rows with row_number() and filter.",
    "head": "KQL takes rows with 'take' or 'top'.",
    "stats": "KQL aggregates with 'summarize'.",
    "eval": "KQL adds columns with 'extend'.",
    "table": "KQL chooses columns with 'project'.",
    "rename": "KQL renames columns with 'project-rename New = Old'.",
    "dedup": "KQL removes duplicates with 'distinct'.",
    "descending": "KQL writes 'desc'.",
    "ascending": "KQL writes 'asc'.",
    "and": "Go on with the condition without '|', or start a new '| where'.",
    "or": "Go on with the condition without '|': where a or b.",
}
_COMMENT = "A comment starts with '//' and ends with its line."
_SIGNS = {
    "&&": "KQL writes 'and'.",
    "||": "KQL writes 'or'; before an operator stands one '|'.",
    "===": "KQL compares with '=='.",
    "=>": "KQL compares with '>='.",
    "=<": "KQL compares with '<='.",
    ":=": "KQL assigns with '='.",
    "/*": _COMMENT,
    "--": _COMMENT,
    "&": "KQL writes 'and'.",
    "!": "KQL negates with not(...), or with '!' before an operator's name: '!in', '!has'.",
}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CURLY = "“”„‟‘’‚‛«»"
_BRACKET = re.compile(QUOTED + UNCLOSED + BLANKS + r"|(?P<bracket>[()\[\]{}])", re.MULTILINE)


@cache
def keywords(parser: Lark) -> dict[str, str]:
    """Terminal -> the word it stands for, for those that are words."""
    return spelled(parser.terminals)


@cache
def _signs(parser: Lark) -> dict[str, str]:
    """Terminal -> the sign it stands for, those first that are most often missing."""
    signs = {t.name: t.pattern.value for t in parser.terminals if t.pattern.type == "str" and not t.pattern.value.isalpha()}
    order = ["|", ",", ")", "]", "}", ";", "(", "..", "[", "{", "=", ":"]
    return dict(sorted(signs.items(), key=lambda sign: order.index(sign[1]) if sign[1] in order else len(order)))


@cache
def _operators(parser: Lark) -> list[str]:
    """The words that may follow '|'."""
    after_pipe: Any = parser.parse_interactive("T |")
    after_pipe.exhaust_lexer()
    return sorted(keywords(parser)[name] for name in after_pipe.accepts() if name in keywords(parser))


def in_words(error: UnexpectedInput, text: str, parser: Lark) -> KqlSyntaxError:
    """The error of a text that is not KQL: "A recognition error occurred. Found ..., expected ...", its place and its cure."""
    found = _place(error, text, parser)
    special = _open_string(text, found) or _brackets(text, found)
    if special:
        message, span, hint = special
        return KqlSyntaxError(f"A recognition error occurred. {message}", span, hint, text)
    accepted = _accepted(error)
    shown = _excerpt(text[found.start : found.end]) if found.end > found.start else "the end of the query"
    expected = _expected(accepted, parser)
    message = f"A recognition error occurred. Found {shown}{', expected ' if expected else ''}{expected}."
    cures = (cure for cure in _cures(text, found, accepted, parser) if cure)
    return KqlSyntaxError(message, found, next(cures, ""), text)


def _place(error: UnexpectedInput, text: str, parser: Lark) -> Span:
    if isinstance(error, UnexpectedToken):
        end = error.token.end_pos or 0
        if error.token.type == "$END":
            return Span(end, end)
        start = error.token.start_pos or 0
        whole = re.compile(r"\w+(-\w+)+").match(text, start)  # a name stops at a hyphen, an operator's name does not
        return Span(start, whole.end() if whole and closest(whole[0], _operators(parser)) else end)
    start = error.pos_in_stream or 0
    whole = re.compile(QUOTED + "|&&").match(text, start)
    return Span(start, whole.end() if whole else start + 1)


def _accepted(error: UnexpectedInput) -> set[str]:
    stopped: Any = getattr(error, "interactive_parser", None)
    return set(stopped.accepts()) if stopped is not None else set()


def _excerpt(found: str) -> str:
    line = found.splitlines()[0] if found.strip() else found
    return f"'{line[:40]}...'" if len(line) > 40 or line != found else f"'{line}'"


# ---------------------------------------------------------------- what was expected

_KINDS = {
    "a query operator": {"WHERE", "EXTEND"},
    "an expression": {"NAME", "LPAR", "STRING", "LONG"},
    "a name": {"NAME"},
    "an operator": {"OR"},
}
_BETWEEN = {"AND", "OR", "IN", "BETWEEN", "MATCH", "HAS_LIST", "LPAR", "LSQB", "DOT", "STAR"}  # "an operator" says it


def _expected(accepted: set[str], parser: Lark) -> str:
    """The accepted terminals in words, at most five."""
    words = [next((kind for kind, needed in _KINDS.items() if needed <= accepted), "")]
    if words[0] in ("", "an operator"):
        rest = accepted - _BETWEEN if words[0] else accepted
        words += [f"'{sign}'" for name, sign in _signs(parser).items() if name in rest]
        words += sorted(f"'{word}'" for name, word in keywords(parser).items() if name in rest)
        words += [word for name, word in (("LONG", "a number"), ("STRING", "a string")) if name in rest]
    words = [word for word in words if word][:5]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


# ---------------------------------------------------------------- strings and brackets that do not close


def _open_string(text: str, found: Span) -> tuple[str, Span, str] | None:
    quote = text[found.start : found.end][:1]
    if re.compile(QUOTED).match(text, found.start):
        return None
    if quote in ('"', "'"):
        line = text[found.start :].split("\n", 1)[0].rstrip()
        escaped = line.endswith("\\" + quote)
        hint = f"A backslash escapes the quote; write \\\\, or @{quote}...{quote}." if escaped else f"Add {quote}."
        return "The string has no closing quote.", Span(found.start, found.start + len(line)), hint
    fence = text[found.start : found.start + 3]
    if fence in ("```", "~~~"):
        return "The string has no closing quotes.", Span(found.start, found.start + 3), f"Add {fence}."
    if quote and quote in _CURLY:
        return f"Found '{quote}', a typographic quote.", found, "Use straight quotes: \" or '."
    return None


def _brackets(text: str, found: Span) -> tuple[str, Span, str] | None:
    """The bracket that is open at the end of the text, or the closing one without partner that was found."""
    open_: list[tuple[str, int]] = []
    for piece in _BRACKET.finditer(text):
        bracket, at = piece["bracket"], piece.start()
        if bracket is None:
            continue
        if bracket in _CLOSING:
            open_.append((bracket, at))
        elif open_ and _CLOSING[open_[-1][0]] == bracket:
            open_.pop()
        elif at >= found.start:
            return _unmatched(bracket, at, open_) if at == found.start else _unclosed(open_, found)
    return _unclosed(open_, found) if found.start == found.end else None


def _unmatched(bracket: str, at: int, open_: list[tuple[str, int]]) -> tuple[str, Span, str]:
    if open_:
        last = open_[-1][0]
        return f"Found '{bracket}' where '{last}' is still open.", Span(at, at + 1), f"Add '{_CLOSING[last]}' first."
    return f"Found '{bracket}' without an opening bracket.", Span(at, at + 1), "Remove it."


def _unclosed(open_: list[tuple[str, int]], found: Span) -> tuple[str, Span, str] | None:
    if not open_ or found.start < found.end:
        return None
    bracket, at = open_[-1]
    return f"The bracket '{bracket}' has no closing '{_CLOSING[bracket]}'.", Span(at, at + 1), f"Add '{_CLOSING[bracket]}'."


# ---------------------------------------------------------------- cures


def _cures(text: str, found: Span, accepted: set[str], parser: Lark) -> Iterator[str]:
    """The cures that fit, the likeliest first; an empty one says nothing."""
    word, before, after = text[found.start : found.end], _before(text, found.start), text[found.end :]
    yield _sign_cure(word, before, after, accepted)
    yield _end_cure(word, before)
    yield _word_cure(word, before, after, accepted, parser)
    if "SEMICOLON" in accepted and re.search(r"(^|;)\s*let\b[^;]*$", before) and "\n" in text[len(before) : found.start]:
        yield "End the let statement with ';'."
    if before.endswith("["):
        yield "A name with blanks stands in brackets and quotes: ['a b']."
    if word == "{" and before.endswith(")"):
        yield "Declare the type of every parameter: (x:long)."
    if accepted == {"LPAR"}:
        yield "Put what follows in brackets: (...)."
    if {"AND", "COMMA"} <= accepted and re.match(r"[\w\"'(]", word):
        yield f"Is a ',' or an operator missing before '{word[:40]}'?"


def _sign_cure(word: str, before: str, after: str, accepted: set[str]) -> str:
    around = before[-2:] + word + after[:1]
    for sign, cure in _SIGNS.items():
        at = around.find(sign)
        if 0 <= at <= len(before[-2:]) < at + len(sign) + (sign == "/*") and not (word.isalnum() and sign != "/*"):
            return cure
    return "To compare, write '=='." if word == "=" and "EQUALS" in accepted else ""


def _end_cure(word: str, before: str) -> str:
    if not word and before.endswith("|"):
        return "Add an operator, or remove the last '|'."
    if before.endswith(",") and (not word or word in ")]}|;"):
        return "Remove the ',' before it."
    return "A query starts with a table: Table | where ..." if word == "|" and not before else ""


def _word_cure(word: str, before: str, after: str, accepted: set[str], parser: Lark) -> str:
    operators, words = _operators(parser), keywords(parser)
    after_pipe, complete = {"WHERE", "EXTEND"} <= accepted, "VBAR" in accepted
    hyphenated = re.search(r"\|\s*(\w+(?:-\w+)+)$", before)
    if hyphenated and hyphenated[1] not in operators:
        return closest(hyphenated[1], operators)
    if word in operators and complete and re.match(r"\s*[\w(*\[\"'|]|\s*$", after):
        return f"Put '|' before '{word}'."
    if not after_pipe and word != word.lower() and word.lower() in words.values():
        return f"Keywords are written in lower case: '{word.lower()}'."
    if re.match(r"select\b", before, re.IGNORECASE):
        return _ELSEWHERE["select"]
    if word.lower() in _ELSEWHERE and (after_pipe or complete):
        return _ELSEWHERE[word.lower()]
    if re.search(r"\b\d+$", before) and re.fullmatch(r"d|h|m|s|ms|days?|hours?|minutes?|seconds?", word):
        return f"Write the unit next to the number: 1{word}."
    return closest(word, operators if after_pipe else [words[name] for name in accepted if name in words]) if word else ""


def _before(text: str, at: int) -> str:
    """The text before the place, without the blanks and comments at its end."""
    kept = text[:at].rstrip()
    while (line := kept.rpartition("\n")[2]).lstrip().startswith("//"):
        kept = kept[: len(kept) - len(line)].rstrip()
    return kept
