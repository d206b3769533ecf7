"""Hashes and identifiers (pages: hash, hash_md5, hash_sha1, hash_sha256, hash_xxhash64, new_guid).

Digests are of the text of a value. xxhash64 is of the bytes: UTF-8, or little-endian numbers (moments and spans as ticks).
"""

from __future__ import annotations

from kql.functions.fragments import ticks
from kql.functions.registry import SCALARS, scalar

for _name in ("md5", "sha1", "sha256"):
    scalar(f"hash_{_name}(source: text) -> string", f"CASE WHEN $source = '' THEN '' ELSE {_name}($source) END", f"strlen(hash_{_name}('World')) -> { {'md5': 32, 'sha1': 40, 'sha256': 64}[_name] }",
           "Digest of the value's text in hexadecimal digits; '' of ''.")

_LESS = "CASE WHEN $mod > 0 THEN {hash} % $mod + CASE WHEN {hash} % $mod < 0 THEN CAST($mod AS BIGINT) ELSE 0 END END"
for _kinds, _sql, _sample in (
    ("string", "xxhash64_of_text($source)", "'World'"),
    ("integer", "xxhash64_of_long(CAST($source AS BIGINT))", "1"),
    ("bool", "xxhash64_of_long(CAST($source AS BIGINT))", "true"),
    ("real", "xxhash64_of_real($source)", "1.5"),
    ("timespan", "xxhash64_of_long($source)", "1s"),
    ("datetime", f"xxhash64_of_long({ticks('$source')})", "datetime(2015-01-01)"),
    ("guid|decimal", "xxhash64_of_text(CAST($source AS VARCHAR))", "decimal(1)"),
):
    _function = _sql.partition("(")[0]
    scalar(f"hash(source: {_kinds}) -> long", _sql, f"hash({_sample}) == hash_xxhash64({_sample}) -> true", "A number that is the same for equal values.", vectorised=_function)
    scalar(f"hash(source: {_kinds}, mod: integer) -> long", _LESS.format(hash=_sql), f"hash({_sample}, 1) -> 0", "The hash modulo a number, from 0.", nulls="some", vectorised=_function)
SCALARS.alias("hash_xxhash64", "hash")
scalar("new_guid() -> guid", "gen_random_uuid()", "isnotnull(new_guid()) -> true", "A random guid.", nulls="total", volatile=True)
