"""Text functions over Arrow arrays."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def punycode_domain_from_string(domains: Any) -> pa.Array:
    """Domains with their `xn--` labels decoded; null where one cannot be."""
    distinct: dict[str | None, str | None] = {None: None}
    values = domains.to_pylist()
    for domain in values:
        if domain not in distinct:
            distinct[domain] = _decoded(domain)
    return pa.array([distinct[domain] for domain in values], pa.string())


def _decoded(domain: str) -> str | None:
    try:
        return ".".join(map(_label, domain.split(".")))
    except (UnicodeError, ValueError):
        return None


def _label(label: str) -> str:
    return label[4:].encode("ascii").decode("punycode") if label.lower().startswith("xn--") else label
