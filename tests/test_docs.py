"""Every block of README.md and kql/README.md is true.

    console   commands after `$`, run one after another in one empty folder, on a terminal of 110 columns; what they print is
              compared. `…` stands for any text in a line, alone in a line for any lines.
    pycon     run as doctests, after the console blocks, in the same folder
    python    run
    sh        installation and tests: `.ci/run` runs them in a fresh environment, here they are only looked for

Other blocks fail here, unless they are `text`. `python tests/test_docs.py` writes what the commands print now into the
console blocks that are not true any more; read the difference before you commit it.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KINDS = {"console", "pycon", "python", "sh", "text"}


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    line: int


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(each[1], each[2], text[: each.start()].count("\n") + 1) for each in found]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with the output that is shown for it. A command goes on after `> `."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        length = 1
        while length < len(lines) and lines[length].startswith("> "):
            length += 1
        command = "\n".join([lines[0], *(line[2:] for line in lines[1:length])])
        yield command, "\n".join(lines[length:]).strip("\n")


def matches(shown: str, real: str) -> bool:
    pattern = "\n".join(r"(?:.*\n)*?.*" if line.strip() == "…" else _line(line) for line in shown.splitlines())
    return re.fullmatch(pattern, real) is not None


def _line(shown: str) -> str:
    return ".*?".join(re.escape(part) for part in shown.rstrip().split("…"))


@pytest.mark.parametrize(
    ("shown", "real", "true"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a\nc", False),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n…\nd", "a\nb\nc", False),
        ("a … c", "a b c", True),
        ("a … c", "a b", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("…", "a\nb", True),
        ("a.c", "abc", False),
    ],
)
def test_the_comparison_itself(shown: str, real: str, true: bool) -> None:
    assert matches(shown, real) == true


def run(command: str, folder: Path) -> str:
    """What a command shows: stdout on a terminal, then stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUNTING_")}
    environment |= {
        "COLUMNS": "110",
        "NO_COLOR": "1",
        "HUNTING_USER": "ann",
        "PATH": f"{_tools(folder)}{os.pathsep}{os.environ['PATH']}",
    }
    master, slave = os.openpty()
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder / "work",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(slave)
        shown = b"".join(iter(lambda: _read(master), b""))
        assert process.stderr is not None
        told = process.stderr.read()
    os.close(master)
    lines = (shown.replace(b"\r\n", b"\n") + told).decode().splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # how a terminal says that nobody writes any more
        return b""


def _tools(folder: Path) -> Path:
    """A folder with the command `hunting` of this interpreter."""
    tools = folder / "tools"
    if not tools.exists():
        tools.mkdir()
        (folder / "work").mkdir()
        command = tools / "hunting"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from hunting.cli import script; script()" "$@"\n')
        command.chmod(0o755)
    return tools


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
def test_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    for block in [each for each in blocks(ROOT / "README.md") if each.kind == "console"]:
        for command, shown in commands(block):
            real = run(command, tmp_path)
            if not matches(shown, real):
                wrong.append(f"README.md:{block.line}: $ {command}\n{real}\n\n--- shown:\n{shown}")
    assert not wrong, "\n\n".join(wrong)
    monkeypatch.chdir(tmp_path / "work")
    run_python(ROOT / "README.md")


def test_the_tour_of_the_language() -> None:
    run_python(ROOT / "kql" / "README.md")


def run_python(path: Path) -> None:
    """Runs a file's Python blocks one after another; names last from one to the next."""
    names: dict[str, object] = {"__name__": "readme"}
    told: list[str] = []
    found = [each for each in blocks(path) if each.kind in ("pycon", "python")]
    assert found
    for block in found:
        place = f"{path.name}:{block.line}"
        if block.kind == "python":
            exec(compile(block.text, place, "exec"), names)  # noqa: S102 - our own documentation
            continue
        test = doctest.DocTestParser().get_doctest(block.text, names, place, str(path), block.line)
        assert test.examples
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False).run(test, out=told.append, clear_globs=False)
        names = test.globs
    assert not told, "".join(told)


@pytest.mark.parametrize("path", ["README.md", "kql/README.md"])
def test_every_block_is_of_a_kind_that_is_run(path: str) -> None:
    assert {block.kind for block in blocks(ROOT / path)} <= KINDS


def test_install_and_test_commands_are_the_ones_that_ci_runs() -> None:
    shell = "".join(block.text for block in blocks(ROOT / "README.md") if block.kind == "sh")
    assert {"pip install .", "hunting demo", 'pip install ".[test]"', "pytest"} <= set(shell.splitlines())


def record(path: Path, folder: Path) -> None:
    """Rewrites the console blocks of a file; output that still matches stays as it is shown."""

    def block(found: re.Match[str]) -> str:
        lines = []
        for command, shown in commands(Block("console", found[1], 0)):
            real = run(command, folder)
            typed = command.replace("\n", "\n> ")
            lines += [f"$ {typed}", *([shown if matches(shown, real) else real] if real else [])]
        return "```console\n" + "\n".join(lines) + "\n```"

    text = re.sub(r"^```console\n(.*?)^```$", block, path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        record(ROOT / "README.md", Path(temporary))
