"""Words and signs of a query's text, as far as nodes keep them."""

from __future__ import annotations


class Token(str):
    """A name, a literal or a sign: its text, and where it stands.

    Attributes:
        type: the terminal of `kql.lark`.
        start_pos: offset of its first character in the query.
        end_pos: offset behind its last character.
    """

    __slots__ = ("end_pos", "start_pos", "type")
    type: str
    start_pos: int
    end_pos: int

    def __new__(cls, type: str, text: str, start_pos: int = 0, end_pos: int = 0) -> Token:
        token = str.__new__(cls, text)
        token.type = type
        token.start_pos = start_pos
        token.end_pos = end_pos
        return token
