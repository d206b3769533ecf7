"""Text functions of one row's values."""

from __future__ import annotations

from hunting.vectorised.rows import by_row


@by_row("VARCHAR", result="VARCHAR")
def punycode_domain_from_string(domain: str) -> str | None:
    """The domain with its `xn--` labels decoded; null where one cannot be."""
    try:
        return ".".join(
            label[4:].encode("ascii").decode("punycode") if label.lower().startswith("xn--") else label
            for label in domain.split(".")
        )
    except (UnicodeError, ValueError):
        return None
