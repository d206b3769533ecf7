"""The directions of dependency, each with its reason; what may write where; how big a file may grow."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from kql.parsing.grammar import compiled
from kql.syntax import RULES

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("kql", "hunting")
    for path in sorted((ROOT / package).rglob("*.py"))
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(module: str, everywhere: bool = True) -> set[str]:
    """Full names that a module imports: `from kql import rewrite` gives kql and kql.rewrite. Imports for types do not count."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree(module)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif everywhere or not isinstance(node, ast.FunctionDef):
            pending.extend(ast.iter_child_nodes(node))
    return found


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


# Each layer imports only from itself and from those before it; a late import inside a function counts as well.
KQL_LAYERS: list[tuple[tuple[str, ...], str]] = [
    (("kql.errors", "kql.types", "kql.tokens"), "places, errors, types and words are what everything speaks of"),
    (("kql.catalog", "kql.functions", "kql.constants"), "a function is data: it must not know how queries are bound"),
    (("kql.algebra",), "the closed half knows nothing of syntax: any front end could build it"),
    (("kql.trees", "kql.dialects", "kql.traversal"), "templates become trees, and trees are walked, without any pass"),
    (("kql.overloads", "kql.scope", "kql.partitioning", "kql.windowing"), "every syntax node asks what names and calls mean"),
    (("kql.parsing", "kql.parser"), "a text is read by tables, whatever is made of it"),
    (("kql.values", "kql.blocks", "kql.lowering"), "SQL is made from relations alone, whatever the syntax was"),
    (("kql.rewrite", "kql.passes", "kql.reads"), "a pass sees relations alone"),
    (("kql.syntax",), "syntax nodes bind themselves and are used by nobody below"),
    (
        ("kql.compiler", "kql.cache", "kql.explain", "kql.words", "kql.completion", "kql.support", "kql"),
        "the passes one under another",
    ),
]
HUNTING_LAYERS: list[tuple[tuple[str, ...], str]] = [
    (("hunting.errors", "hunting.keyed", "hunting.clock"), "said and asked everywhere"),
    (("hunting.tables",), "what the tables are is known without reading one"),
    (("hunting.rows", "hunting.parquet", "hunting.delta", "hunting.lake"), "storage knows tables, not queries"),
    (
        (
            "hunting.vectorised",
            "hunting.result",
            "hunting.cells",
            "hunting.formats",
            "hunting.charts",
            "hunting.webpage",
            "hunting.external",
            "hunting.inputs",
        ),
        "Arrow in, Arrow out: no engine",
    ),
    (
        ("hunting.latest", "hunting.sources", "hunting.views", "hunting.variety", "hunting.database", "hunting.engine"),
        "queries run over storage",
    ),
    (
        ("hunting.simulate", "hunting.air", "hunting.schedule", "hunting.detections", "hunting.reports"),
        "the verbs use the engine",
    ),
    (
        ("hunting.server", "hunting.cli", "hunting.notebook", "hunting.demo", "hunting.shell", "hunting.reference", "hunting"),
        "the surface",
    ),
]
# Upward all the same, inside a function: the door from a hunt to what works on it.
DOORS = {("hunting.engine", "hunting.air"), ("hunting.engine", "hunting.reports")}
# Packages that may be used in these modules only, and why.
CONTRACTS: list[tuple[str, tuple[str, ...], str]] = [
    ("hunting", ("hunting",), "the language runs without an engine: editor, linter, another database"),
    ("duckdb", ("hunting.database",), "one place decides what DuckDB may read and how its errors are told"),
    ("sqlglot", ("kql",), "SQL is made by the compiler alone"),
    ("lark", ("kql",), "the product never looks at syntax"),
    ("deltalake", ("hunting.delta", "hunting.lake"), "one place decides what a commit is"),
    ("sqlite3", ("hunting.air",), "the ledger belongs to whoever runs AIR"),
    ("cronsim", ("hunting.schedule.cron",), "one place says when something is due"),
    ("zoneinfo", ("hunting.schedule.cron", "hunting.reports.window"), "nothing else is local: what is due, and a report's days"),
    ("click", ("hunting.cli",), "only the command line prints"),
    ("prompt_toolkit", ("hunting.shell.terminal",), "from a pipe the shell needs no terminal"),
    ("IPython", ("hunting.notebook",), "an answer shows itself; only the magics need a notebook"),
    ("starlette", ("hunting.server",), "routes are served in one place; the rest is called by it"),
    ("rich", ("hunting.cli", "hunting.demo", "hunting.formats", "hunting.charts"), "only the command line prints"),
    ("pandas", ("hunting.result", "hunting.notebook"), "an answer may become a DataFrame, nothing needs one"),
]


def offences(layers: list[tuple[tuple[str, ...], str]], package: str) -> list[str]:
    known: tuple[str, ...] = ()
    found = []
    for members, reason in layers:
        own = members if package not in members else (*members, package)
        known += members
        for module in MODULES:
            # The package itself is the surface: `import kql` belongs to the last layer, `kql.x` to the layer of x.
            if not within(module, tuple(each for each in own if each != package)) and module not in own:
                continue
            for name in imported(module) & set(MODULES):
                below = name == package or within(name, tuple(k for k in known if k != package))
                if within(name, (package,)) and not below and (module, name) not in DOORS:
                    found.append(f"{module} imports {name}: {reason}")
    return found


@pytest.mark.parametrize(("layers", "package"), [(KQL_LAYERS, "kql"), (HUNTING_LAYERS, "hunting")], ids=["kql", "hunting"])
def test_layers_import_downwards(layers: list[tuple[tuple[str, ...], str]], package: str) -> None:
    assert offences(layers, package) == []


@pytest.mark.parametrize(("layers", "package"), [(KQL_LAYERS, "kql"), (HUNTING_LAYERS, "hunting")], ids=["kql", "hunting"])
def test_every_module_has_a_layer(layers: list[tuple[tuple[str, ...], str]], package: str) -> None:
    placed = tuple(member for members, _ in layers for member in members if member != package)
    assert [m for m in MODULES if within(m, (package,)) and m != package and not within(m, placed)] == []
    assert [member for member in placed if member not in MODULES] == []


@pytest.mark.parametrize(("package", "allowed", "reason"), CONTRACTS, ids=[package for package, _, _ in CONTRACTS])
def test_a_package_is_used_where_it_belongs(package: str, allowed: tuple[str, ...], reason: str) -> None:
    users = [m for m in MODULES if any(within(name, (package,)) for name in imported(m))]
    assert [m for m in users if not within(m, allowed)] == [], reason


def test_the_language_needs_only_lark_sqlglot_and_msgspec() -> None:
    import sys

    used = {name.partition(".")[0] for m in MODULES if within(m, ("kql",)) for name in imported(m)}
    assert used - set(sys.stdlib_module_names) == {"kql", "lark", "msgspec", "sqlglot"}


# ---------------------------------------------------------------- the ledger is append-only


def test_only_those_who_may_append_post_delivery_events() -> None:
    """As far as the text tells: who names the table in a module that also appends to the lake."""

    def appends(module: str) -> bool:
        return any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "append_once")
            and any(isinstance(arg, ast.Constant) and arg.value == "EmailPostDeliveryEvents" for arg in node.args)
            for node in ast.walk(tree(module))
        )

    allowed = ("hunting.air.publisher", "hunting.simulate")
    assert [m for m in MODULES if appends(m) and not within(m, allowed)] == []


def test_nobody_rewrites_the_past() -> None:
    """No module deletes, updates or merges rows of the lake."""
    verbs = {"delete", "update", "merge", "overwrite"}
    users = [
        (m, node.func.attr)
        for m in MODULES
        if any(within(name, ("deltalake",)) for name in imported(m))
        for node in ast.walk(tree(m))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in verbs
        and ast.unparse(node.func.value).endswith("table")
    ]
    assert users == []


# ---------------------------------------------------------------- time and chance are arguments


def test_nobody_asks_the_wall_clock_or_throws_dice() -> None:
    """`hunting.clock` alone knows the time, so that every run can be replayed; names of files may differ."""
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    banned = clocks | {"random.random", "uuid4", "uuid.uuid4"}
    found = [
        f"{m}: {ast.unparse(node.func)}"
        for m in MODULES
        if not within(m, ("hunting.clock", "hunting.delta", "hunting.parquet", "hunting.formats", "hunting.cli"))
        for node in ast.walk(tree(m))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in banned
    ]
    assert found == []


# ---------------------------------------------------------------- completeness and size


def test_every_rule_has_a_class() -> None:
    """Each rule of the grammar that makes a node is run by a class, or refused by name."""
    rules = {
        str(rule.alias or rule.origin.name)
        for rule in compiled().rules
        if rule.alias or not (rule.origin.name.startswith("_") or rule.options.expand1)
    }
    assert rules - set(RULES) == set()


def test_files_fit_in_a_head() -> None:
    sizes = {m: len(path.read_text(encoding="utf-8").splitlines()) for m, path in MODULES.items()}
    assert {m: lines for m, lines in sizes.items() if lines > 420} == {}


def test_functions_fit_in_view() -> None:
    """A long function is seldom; one of a `match` over all nodes may be longer."""
    long = [
        f"{m}.{node.name}: {length}"
        for m in MODULES
        for node in ast.walk(tree(m))
        if isinstance(node, ast.FunctionDef) and (length := (node.end_lineno or 0) - node.lineno + 1) > 55
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    assert [m for m in MODULES if not ast.get_docstring(tree(m))] == []
