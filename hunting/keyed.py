"""YAML with keys that a person wrote: the values, the line of each key, and every mistake told with its line and its cure."""

from __future__ import annotations

from typing import Any

import yaml

from hunting.errors import HuntingError


def wrong(path: str, line: int, message: str, hint: str = "") -> HuntingError:
    """A mistake in a file, with its place and its cure."""
    return HuntingError(f"{path}:{line}: {message}", hint=hint)


def keyed(path: str, text: str, what: str, before: int = 0) -> tuple[dict[str, Any], dict[str, int]]:
    """The values by key, and the line of each key.

    Args:
        path: the file, as it is named in messages.
        what: what the text is, for messages: "The head".
        before: lines of the file that stand before the text.

    Raises:
        HuntingError: no YAML, no keys, or a key that is there twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise wrong(path, before + 1, f"{what} must be keys and values.", "Write, for example, title: Weekly phish.")
        at: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + before + 1
            if key.value in at:
                raise wrong(path, line, f"'{key.value}' is there twice.", "Take one out.")
            at[str(key.value)] = line
        return {str(key): value for key, value in loader.construct_document(node).items()}, at
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "A text with * : # or braces needs quotes."
        raise wrong(path, (mark.line if mark else 0) + before + 1, f"{what} is not YAML: {error.problem}.", hint) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise wrong(path, before + 1, f"{what} is not YAML: {' '.join(str(error).split())}.") from None
    finally:
        loader.dispose()
