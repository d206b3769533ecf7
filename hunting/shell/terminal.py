"""The shell on a terminal: highlighting, completion, several lines, history."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from hunting.cells import visible
from hunting.shell.session import COMMANDS, FORMS, Session
from hunting.shell.texts import finished, tokens
from kql import complete
from kql.catalog import Catalog
from kql.functions import AGGREGATES, SCALARS, WINDOWS
from kql.parser import grammar_words

_STYLE = Style.from_dict(
    {
        "kql.keyword": "ansiblue bold",
        "kql.function": "ansicyan",
        "kql.table": "ansimagenta",
        "kql.string": "ansigreen",
        "kql.number": "ansiyellow",
        "kql.comment": "ansibrightblack italic",
        "kql.command": "ansiblue",
    }
)


def run(session: Session, prompts: PromptSession[str] | None = None) -> None:
    """Prompts until the user leaves: Ctrl-D or .exit."""
    prompts = prompts or prompt_session(session, history(state_folder()))
    while session.open:
        try:
            text = prompts.prompt()
        except KeyboardInterrupt:  # what was being typed is dropped
            continue
        except EOFError:
            return
        session.handle(text)


def prompt_session(session: Session, past: History) -> PromptSession[str]:
    """The prompt over a session's tables."""
    return PromptSession(
        "hunting> ",
        multiline=True,
        prompt_continuation="       > ",
        history=past,
        lexer=KqlLexer(session.hunt),
        completer=KqlCompleter(session.hunt),
        complete_while_typing=True,
        complete_in_thread=True,
        key_bindings=_keys(),
        style=_STYLE,
        include_default_pygments_style=False,
    )


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        """Runs what is finished, at its end; else begins a line."""
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif buffer.document.is_cursor_at_the_end and finished(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @keys.add("escape", "enter")
    def _run_now(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return keys


# ---------------------------------------------------------------- colours and completion


class KqlLexer(Lexer):
    """Colours by the kind of each token."""

    def __init__(self, catalog: Catalog) -> None:
        self._tables = set(catalog.names())
        self._keywords = set(grammar_words().values())

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines: list[StyleAndTextTuples] = [[]]
        for style, text in self._styled(document.text):
            first, *rest = text.split("\n")
            lines[-1].append((style, first))
            lines.extend([(style, part)] for part in rest)
        return lambda number: lines[number] if number < len(lines) else []

    def _styled(self, text: str) -> Iterator[tuple[str, str]]:
        if text.lstrip().startswith("."):
            yield "class:kql.command", text
            return
        for kind, token in tokens(text):
            style = self._name(token) if kind == "name" else kind if kind in ("comment", "string", "number") else ""
            yield f"class:kql.{style}" if style else "", token

    def _name(self, name: str) -> str:
        if name in self._tables:
            return "table"
        if name in self._keywords:
            return "keyword"
        return "function" if any(name in registry for registry in (SCALARS, AGGREGATES, WINDOWS)) else ""


_OPENING = ("| ", "by ", "where ", "project ", "render ", "kind=")  # what is offered there, one looks at unasked


class KqlCompleter(Completer):
    """What `kql.complete` offers, with types and help; for dot commands their names and arguments."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text
        if text.lstrip().startswith("."):
            yield from self._command(document.text_before_cursor.lstrip())
            return
        before = document.text_before_cursor
        begun = bool(before) and (before[-1].isalnum() or before[-1] in "_$-'[")
        if not (begun or complete_event.completion_requested or before.endswith(_OPENING)):
            return
        for each in complete(text, document.cursor_position, self._catalog):
            meta = f"{each.kind}  {each.detail}".rstrip() + (f"  {each.help}" if each.help else "")
            yield Completion(
                each.text, each.start - document.cursor_position, display=visible(each.text), display_meta=visible(meta)
            )

    def _command(self, begun: str) -> Iterator[Completion]:
        name, blank, argument = begun.partition(" ")
        if not blank:
            yield from (
                Completion(c.name, -len(begun), display_meta=c.help) for c in COMMANDS.values() if c.name.startswith(begun)
            )
            return
        functions = [*SCALARS, *AGGREGATES, *WINDOWS] if name == ".functions" else []
        words = {".schema": self._catalog.names(), ".format": FORMS, ".functions": functions, ".timing": ("on", "off")}
        for word in words.get(name, ()):
            if word.lower().startswith(argument.lower()):
                yield Completion(word, -len(argument))


# ---------------------------------------------------------------- history


def state_folder() -> Path:
    """Where the shell keeps what it remembers of this user."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hunting"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hunting"


def history(folder: Path) -> History:
    """The history in a file that only its owner may read; in memory where no file can be written."""
    path = folder / "history"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        path.chmod(0o600)
    except OSError as error:
        print(f"no history: {error.strerror}: {path}", file=sys.stderr)
        return InMemoryHistory()
    return FileHistory(str(path))
