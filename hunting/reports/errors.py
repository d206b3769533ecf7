"""Where a mistake in a query of a report's file stands: `file:line`, and the caret under the place."""

from __future__ import annotations

from kql.errors import KqlError, Span


def placed(error: KqlError, path: str, text: str, line: int, offset: int, before: int) -> KqlError:
    """An error of a block's query, told of the file that the block stands in.

    Args:
        text: the whole file.
        line: of the block's first line of KQL.
        offset: where that KQL begins in `text`.
        before: how many characters stood before it in the query that was run.
    """
    if error.span is None or error.span.end <= before:
        return type(error)(f"{path}:{line}: {error.message}", hint=error.hint)
    start, end = max(0, error.span.start - before), error.span.end - before
    span = Span(offset + start, offset + end)
    return type(error)(f"{path}:{span.line_column(text)[0]}: {error.message}", span, error.hint, text)
