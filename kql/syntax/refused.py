"""What is parsed and not run yet: one line each, refused with its place."""

from __future__ import annotations
