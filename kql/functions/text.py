"""Text (pages: strlen, substring, indexof, split, strcat, replace_string, translate, countof ...)."""

from __future__ import annotations

from kql.functions.registry import SCALARS, Naming, scalar
from kql.functions.terms import first_term_template

# ---------------------------------------------------------------- length, case
scalar("strlen(text: string) -> long", "length($text)", "strlen('häuser') -> 6", "Number of characters.", naming=Naming.FUNCTION_FIRST)
scalar("string_size(text: string) -> long", "strlen($text)", "string_size('häuser') -> 7", "Number of bytes in UTF-8.", naming=Naming.FUNCTION_FIRST)
scalar("tolower(value: text) -> string", "lower($value)", "tolower('ABC') -> 'abc'", "In lower case.")
# SQL makes a capital of the sharp s, which has none in .NET.
scalar("toupper(value: text) -> string", "replace(upper($value), 'ẞ', 'ß')", "toupper('abc') -> 'ABC'", "In upper case.")
scalar("reverse(value: text) -> string", "reverse($value)", "reverse('abc') -> 'cba'", "Backwards.")
scalar("strcmp(left: text, right: text) -> long", "CASE WHEN $left < $right THEN -1 WHEN $left = $right THEN 0 ELSE 1 END", "strcmp('abc', 'ABC') -> 1", "-1, 0 or 1: before, equal or behind, by code points.")
scalar("isascii(value: text) -> bool", "regexp_full_match($value, '[\\x00-\\x7F]*')", "isascii('é') -> false", "Whether all characters are ASCII.")
scalar("isutf8(value: text) -> bool", "$value IS NOT NULL", "isutf8('é') -> true", "Whether the text is valid UTF-8, as all text here is.", nulls="total")

# ---------------------------------------------------------------- parts and places
_PLACE = "CASE WHEN $start < 0 THEN CASE WHEN length($text) + $start < 0 THEN length($text) ELSE length($text) + $start END ELSE $start END"
scalar("substring(text: text, start: long) -> string", f"substr($text, {_PLACE} + 1)",
       "substring('123456', 2) -> '3456'", "From a place counted from 0, or from the end if negative; '' before the start.")
scalar("substring(text: text, start: long, length: long) -> string", f"substr($text, {_PLACE} + 1, CASE WHEN $length < 0 THEN 0 ELSE $length END)",
       "substring('123456', 2, 2) -> '34'", "So many characters from a place counted from 0.")


def _indexof(constants: list[object]) -> str:
    """Occurrences may overlap; `length` bounds the places where one may begin."""
    start = "CASE WHEN $start < 0 THEN greatest(length($text) + $start, 0) ELSE $start END" if len(constants) > 2 else "0"
    bounded = "$length + length($lookup) - 1" if len(constants) > 3 else ""
    rest = f"substr($text, {start} + 1, CASE WHEN $length = -1 THEN length($text) ELSE {bounded} END)" if bounded else f"substr($text, {start} + 1)"
    refused = "$lookup = ''" + (" OR $length < -1" if bounded else "") + (" OR $occurrence < 0" if len(constants) > 4 else "")
    occurrence = constants[4] if len(constants) > 4 else 1
    if occurrence == 1:
        found = f"nullif(strpos({rest}, $lookup), 0)"
    else:
        places = f"list_filter(range(1, length({rest}) + 1), lambda __k1: substr({rest}, __k1, length($lookup)) = $lookup)"
        found = f"list_extract({places}, $occurrence)"
    return f"CASE WHEN {refused} THEN NULL ELSE coalesce({found} - 1 + {start}, -1) END"


scalar("indexof(text: text, lookup: text, start?: long, length?: long, occurrence?: const long) -> long", _indexof, "indexof('abcdefg', 'cde', -5) -> 2",
       "Place of an occurrence from 0, -1 if there is none; a negative start counts from the end.", nulls="some")

_PIECES = "string_split($text, $delimiter)"
_SPLIT = f"CASE WHEN $delimiter = '' THEN [$text] ELSE {_PIECES} END"
scalar("split(text: text, delimiter: string) -> dynamic", f"to_json({_SPLIT})", "split('a_b', '_') -> dynamic(['a', 'b'])", "The parts between delimiters.", naming=Naming.SAME, elements=_SPLIT)
scalar("split(text: text, delimiter: string, index: long) -> dynamic", f"CASE WHEN $index >= 0 AND $index < len({_SPLIT}) THEN to_json(list_slice({_SPLIT}, $index + 1, $index + 1)) END",
       "split('a_b', '_', 1) -> dynamic(['b'])", "The one part asked for, as an array; null if there is none.", naming=Naming.SAME, nulls="some")


def _overlaps_itself(word: str) -> bool:
    return any(word.startswith(word[at:]) for at in range(1, len(word)))


_COUNT_ALL = (
    "CASE WHEN contains($text, $search) AND $search <> '' "
    "THEN len(list_filter(range(1, length($text) + 1), lambda __k1: substr($text, __k1, length($search)) = $search)) END"
)
_COUNT_APART = "(length($text) - length(replace($text, $search, ''))) // nullif(length($search), 0)"


def _countof(constants: list[object]) -> str:
    """Texts may overlap, matches of a pattern do not."""
    search = constants[1]
    if len(constants) > 2 and constants[2] == "regex":
        return "len(regexp_extract_all($text, $search))"
    apart = isinstance(search, str) and not _overlaps_itself(search)
    return f"coalesce({_COUNT_APART if apart else _COUNT_ALL}, 0)"


def _kind(constants: list[object]) -> str:
    return "" if constants[2] in ("normal", "regex") else "the kind is 'normal' or 'regex'"


scalar("countof(text: string, search: string) -> long", _countof, "countof('aaaa', 'aa') -> 3", "How often a text occurs, overlapping ones included.", nulls="total")
scalar("countof(text: string, search: string, kind: const string) -> long", _countof, "countof('abcabc', 'a.c', 'regex') -> 2", "How often a text occurs, or a pattern matches.", nulls="total", check=_kind)
scalar("has_any_index(text: text, words: dynamic) -> long", first_term_template(), "has_any_index('this is it', dynamic(['no', 'is'])) -> 1", "Place in the array of the first word that the text has, -1 if none.", nulls="total")

# ---------------------------------------------------------------- joined and repeated


def _strcat(constants: list[object]) -> str:
    return "concat(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


def _strcat_delim(constants: list[object]) -> str:
    return "concat_ws(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


def _joined(texts: str) -> str:
    """A list's texts with the delimiter between them; array_to_string takes a constant one only."""
    return f"substr(array_to_string(list_transform({texts}, lambda __k2: concat($delimiter, __k2)), ''), length($delimiter) + 1)"


scalar("strcat(parts+: text) -> string", _strcat, "strcat('a', 1, 'c') -> 'a1c'", "Texts joined; other types are converted.")
scalar("strcat_delim(delimiter: text, parts+: text) -> string", _strcat_delim, "strcat_delim('-', 'a', 'b') -> 'a-b'", "Texts joined with a delimiter.")
scalar("strcat_array(array: dynamic, delimiter: text) -> string", _joined("list_transform(TRY_CAST($array AS VARCHAR[]), lambda __k1: coalesce(__k1, ''))"), "strcat_array(dynamic(['a', 1]), '-') -> 'a-1'", "The elements joined; null is ''.", nulls="some")
SCALARS.alias("array_strcat", "strcat_array")
_TIMES = "CAST(least(greatest($multiplier, 0), 1024) AS INTEGER)"
scalar("strrep(value: text, multiplier: long) -> string", f"repeat($value, {_TIMES})", "strrep('ab', 2) -> 'abab'", "Repeated, at most 1024 times.")
scalar("strrep(value: text, multiplier: long, delimiter: text) -> string", _joined(f"list_transform(range({_TIMES}), lambda __k1: $value)"), "strrep(1, 3, '.') -> '1.1.1'", "Repeated with a delimiter.")

# ---------------------------------------------------------------- replaced
scalar("replace_string(text: string, lookup: string, rewrite: string) -> string", "replace($text, $lookup, $rewrite)", "replace_string('aba', 'a', 'x') -> 'xbx'", "All occurrences of a text replaced.")
scalar("replace_strings(text: string, lookups: dynamic, rewrites: dynamic) -> string", "replace_strings($text, $lookups, $rewrites)", "replace_strings('a cat', dynamic(['cat', 'a']), dynamic(['dog', 'the'])) -> 'the dog'",
       "All occurrences of each text replaced by its partner; what is replaced is not searched again.", nulls="some", vectorised="replace_strings")
_FILLED = "CASE WHEN $replacement = '' THEN '' ELSE concat($replacement, repeat(right($replacement, 1), CAST(greatest(length($search) - length($replacement), 0) AS INTEGER))) END"
scalar("translate(search: string, replacement: string, text: string) -> string", f"translate($text, $search, {_FILLED})", "translate('krasp', 'otsku', 'spark') -> 'kusto'",
       "Characters replaced one by one; the last replacement stands for those that have none.")
