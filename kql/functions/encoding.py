"""Encodings of text and bytes (pages: base64_encode_tostring, url_encode, unicode_codepoints_from_string, gzip_compress_to_base64_string ...)."""

from __future__ import annotations

from kql.functions.registry import SCALARS, Naming, scalar

# ---------------------------------------------------------------- base64
_BYTES = "TRY(from_base64($text))"
scalar("base64_encode_tostring(text: string) -> string", "to_base64(encode($text))", "base64_encode_tostring('Kusto') -> 'S3VzdG8='", "Base64 of the UTF-8 text.")
scalar("base64_decode_tostring(text: string) -> string", f"TRY(decode({_BYTES}))", "base64_decode_tostring('S3VzdG8=') -> 'Kusto'", "The text; '' if it is no base64 or no UTF-8.", nulls="some")
SCALARS.alias("base64_encodestring", "base64_encode_tostring")
SCALARS.alias("base64_decodestring", "base64_decode_tostring")
scalar("base64_decode_toarray(text: string) -> dynamic", f"to_json(list_transform(regexp_extract_all(hex({_BYTES}), '..'), lambda __k1: CAST(concat('0x', __k1) AS INTEGER)))",
       "base64_decode_toarray('S3U=') -> dynamic([75, 117])", "The bytes as numbers; null if it is no base64.", nulls="some")
scalar("base64_encode_fromarray(array: dynamic) -> string", "to_base64(unhex(array_to_string(list_transform(TRY_CAST($array AS UTINYINT[]), lambda __k1: printf('%02x', __k1)), '')))",
       "base64_encode_fromarray(dynamic([75, 117])) -> 'S3U='", "Base64 of an array of bytes; '' if it is none.", nulls="some")
# A guid's first three parts stand with their bytes reversed, as .NET writes them.
_MIXED = r"'^(..)(..)(..)(..)(..)(..)(..)(..)(.{16})$', '\4\3\2\1\6\5\8\7\9'"
scalar("base64_encode_fromguid(guid: guid) -> string", f"to_base64(unhex(regexp_replace(replace(CAST($guid AS VARCHAR), '-', ''), {_MIXED})))",
       "base64_encode_fromguid(guid(00000001-0000-0000-0000-000000000000)) -> 'AQAAAAAAAAAAAAAAAAAAAA=='", "Base64 of the 16 bytes of a guid.")
scalar("base64_decode_toguid(text: string) -> guid", f"TRY_CAST(regexp_replace(hex({_BYTES}), {_MIXED}) AS UUID)",
       "base64_decode_toguid('AQAAAAAAAAAAAAAAAAAAAA==') -> guid(00000001-0000-0000-0000-000000000000)", "The guid of 16 bytes; null if they are no 16.", nulls="some")

# ---------------------------------------------------------------- URLs


def _percent(safe: str, rest: str) -> str:
    """Runs of other characters than `safe` are encoded, with small hexadecimal digits; `rest` mends the encoded run."""
    return (
        f"array_to_string(list_transform(regexp_extract_all($text, '[{safe}]+|[^{safe}]+'), "
        f"lambda __k1: CASE WHEN regexp_matches(__k1, '^[{safe}]') THEN __k1 ELSE {rest} END), '')"
    )


scalar("url_encode(text: string) -> string", _percent("A-Za-z0-9_.!*()-", "replace(replace(lower(url_encode(__k1)), '%20', '+'), '~', '%7e')"), "url_encode('a b/') -> 'a+b%2f'", "Encoded for a query: a blank becomes a plus sign.")
scalar("url_encode_component(text: string) -> string", _percent("A-Za-z0-9_.~-", "lower(url_encode(__k1))"), "url_encode_component('a b/') -> 'a%20b%2f'", "Percent-encoded.")
scalar("url_decode(text: string) -> string", "coalesce(TRY(url_decode(replace($text, '+', ' '))), $text)", "url_decode('a%20b+c') -> 'a b c'", "Decoded; a plus sign is a blank.")

# ---------------------------------------------------------------- characters
_POINTS = "list_transform(string_split($value, ''), lambda __k1: unicode(__k1))"
scalar("unicode_codepoints_from_string(value: text) -> dynamic", f"CASE WHEN $value = '' THEN json('[]') ELSE to_json({_POINTS}) END", "unicode_codepoints_from_string('aé') -> dynamic([97, 233])", "The code points.")


def _codepoints(constants: list[object]) -> str:
    parts = (f"CASE WHEN json_type(to_json($_{at})) = 'ARRAY' THEN TRY_CAST(to_json($_{at}) AS INTEGER[]) ELSE [TRY_CAST(to_json($_{at}) AS INTEGER)] END" for at in range(len(constants)))
    return f"array_to_string(list_transform(flatten([{', '.join(parts)}]), lambda __k1: chr(__k1)), '')"


scalar("unicode_codepoints_to_string(values+: integer|dynamic) -> string", _codepoints, "unicode_codepoints_to_string(dynamic([72, 105]), 33) -> 'Hi!'", "The text of code points, given one by one or in arrays.", nulls="some")
for _alias, _of in (("to_utf8", "unicode_codepoints_from_string"), ("make_string", "unicode_codepoints_to_string")):
    SCALARS.alias(_alias, _of)

# ---------------------------------------------------------------- what libraries do
for _name, _sample, _help in (
    ("punycode_from_string", "punycode_from_string('bücher') -> 'bcher-kva'", "A text in Punycode."),
    ("punycode_to_string", "punycode_to_string('bcher-kva') -> 'bücher'", "The text of a Punycode; '' if it is none."),
    ("punycode_domain_to_string", "punycode_domain_to_string('bücher.example') -> 'xn--bcher-kva.example'", "A domain with its labels that are not ASCII in Punycode."),
    ("zlib_compress_to_base64_string", "zlib_compress_to_base64_string('abc') -> 'eAEBAwD8/2FiYwJNASc='", "The text compressed by zlib, in base64."),
    ("zlib_decompress_from_base64_string", "zlib_decompress_from_base64_string('eAEBAwD8/2FiYwJNASc=') -> 'abc'", "The text that zlib compressed; '' if it did not."),
    ("gzip_compress_to_base64_string", "gzip_decompress_from_base64_string(gzip_compress_to_base64_string('abc')) -> 'abc'", "The text compressed by gzip, in base64."),
    ("gzip_decompress_from_base64_string", "gzip_decompress_from_base64_string('x0x0') -> ''", "The text that gzip compressed; '' if it did not."),
):
    scalar(f"{_name}(text: string) -> string", f"{_name}($text)", _sample, _help, nulls="some", vectorised=_name)
scalar("parse_csv(text: string) -> dynamic", "parse_csv($text)", "parse_csv('a,\"b,c\"') -> dynamic(['a', 'b,c'])", "The fields of the first record of comma-separated text.", nulls="some", naming=Naming.SAME, vectorised="parse_csv")
