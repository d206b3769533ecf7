"""The unfused form of a query's SQL: one named block for each operator, with its KQL as a comment."""

from __future__ import annotations

from collections.abc import Mapping

from kql import rewrite
from kql.catalog import Catalog
from kql.compiler import DIALECTS, Probe, bind, context_of, told
from kql.lowering import Lowering


def explain(
    text: str,
    catalog: Catalog,
    parameters: Mapping[str, object] | None = None,
    dialect: str = "duckdb",
    probe: Probe | None = None,
) -> str:
    """SQL that gives the same rows as the compiled program, step by step; the arguments are those of `compile`.

    Raises:
        KqlError: as `compile`.
    """
    with told(text):
        context = context_of(text, catalog, parameters, dialect, probe=probe)
        root = bind(text, context)
        program = rewrite.rewritten((root, tuple(context.bindings)))
        lowering = Lowering(DIALECTS[dialect], fused=False)
        tree = lowering.program(*program)
        for cte in lowering.ctes:
            step = lowering.steps.get(cte.alias)
            if step is not None and step.span is not None:
                words = " ".join(text[step.span.start : step.span.end].replace("*/", "* /").split())
                cte.add_comments([f" {words} "])
        return DIALECTS[dialect].text(tree, pretty=True)
