"""Text (pages: strlen, substring, strcat, split, extract, replace_string, trim ...)."""

from __future__ import annotations

from kql.functions.registry import SCALARS, Naming, scalar

scalar("strlen(text: string) -> long", "length($text)", "strlen('häuser') -> 6", "Number of characters.", naming=Naming.FUNCTION_ONLY)
scalar("tolower(text: string) -> string", "lower($text)", "tolower('ABC') -> 'abc'", "In lower case.")
scalar("toupper(text: string) -> string", "replace(upper($text), 'ẞ', 'ß')", "toupper('abc') -> 'ABC'", "In upper case.")
scalar("reverse(text: string) -> string", "reverse($text)", "reverse('abc') -> 'cba'", "Backwards.")
scalar("substring(text: string, start: long) -> string", "substr($text, CASE WHEN $start < 0 THEN greatest(length($text) + $start, 0) ELSE $start END + 1)",
       "substring('123456', 2) -> '3456'", "From a place counted from 0 (from the end if negative).")
scalar("substring(text: string, start: long, length: long) -> string",
       "substr($text, CASE WHEN $start < 0 THEN greatest(length($text) + $start, 0) ELSE $start END + 1, greatest($length, 0))",
       "substring('123456', 2, 2) -> '34'", "So many characters from a place counted from 0.")
scalar("split(text: string, delimiter: string) -> dynamic", "to_json(string_split($text, $delimiter))", "split('a_b', '_') -> dynamic(['a', 'b'])", "The parts between delimiters.")
scalar("split(text: string, delimiter: string, index: long) -> dynamic",
       "CASE WHEN $index BETWEEN 0 AND length(string_split($text, $delimiter)) - 1 THEN to_json(list_slice(string_split($text, $delimiter), $index + 1, $index + 1)) END", "split('a_b', '_', 1) -> dynamic(['b'])", "The one part asked for, as an array; null if there is none.", nulls="some")
scalar("replace_string(text: string, lookup: string, rewrite: string) -> string", "replace($text, $lookup, $rewrite)", "replace_string('aba', 'a', 'x') -> 'xbx'", "All occurrences of a text replaced.")
scalar("replace_regex(text: string, regex: string, rewrite: string) -> string", "regexp_replace($text, $regex, $rewrite, 'g')", "replace_regex('a1b2', '[0-9]', '.') -> 'a.b.'", "All matches replaced; \\1 is a group.")
SCALARS.alias("replace", "replace_regex")
scalar("trim(regex: string, text: string) -> string", "regexp_replace($text, concat('^(?:', $regex, ')+|(?:', $regex, ')+$'), '', 'g')", "trim('-', '--a-b--') -> 'a-b'", "Matches removed from both ends.")
scalar("trim_start(regex: string, text: string) -> string", "regexp_replace($text, concat('^(?:', $regex, ')+'), '')", "trim_start('-', '--a-') -> 'a-'", "Matches removed from the start.")
scalar("trim_end(regex: string, text: string) -> string", "regexp_replace($text, concat('(?:', $regex, ')+$'), '')", "trim_end('-', '-a--') -> '-a'", "Matches removed from the end.")
scalar("indexof(text: string, lookup: string) -> long", "CASE WHEN $lookup = '' THEN NULL ELSE strpos($text, $lookup) - 1 END", "indexof('abc', 'c') -> 2", "Place of the first occurrence from 0, -1 if none.", nulls="some")
scalar("strrep(text: string, multiplier: long) -> string", "repeat($text, CAST(least(greatest($multiplier, 0), 1024) AS INTEGER))", "strrep('ab', 2) -> 'abab'", "Repeated, at most 1024 times.")
scalar("url_encode(text: string) -> string", "url_encode($text)", "url_encode('a b') -> 'a%20b'", "Percent-encoded.")
scalar("url_decode(text: string) -> string", "url_decode($text)", "url_decode('a%20b') -> 'a b'", "Percent-decoded.")
scalar("base64_encode_tostring(text: string) -> string", "to_base64(encode($text))", "base64_encode_tostring('Kusto') -> 'S3VzdG8='", "Base64 of the UTF-8 text.")
scalar("base64_decode_tostring(text: string) -> string", "TRY(decode(from_base64($text)))", "base64_decode_tostring('S3VzdG8=') -> 'Kusto'", "The text; '' if it is none.", nulls="some")
scalar("countof(text: string, search: string) -> long", "(length($text) - length(replace($text, $search, ''))) // nullif(length($search), 0)", "countof('banana', 'an') -> 2", "How often a text occurs.", nulls="some")


def _extract(constants: list[object]) -> str:
    group = constants[1]
    return f"regexp_extract($source, $regex, {group if isinstance(group, int) else 0})"


scalar("extract(regex: string, group: const long, source: string) -> string", _extract, "extract('a([0-9]+)', 1, 'a12') -> '12'", "A group of the first match; '' if there is none.")


def _extract_all(constants: list[object]) -> str:
    """One group gives an array of texts, more give arrays of their texts; Kusto needs at least one group."""
    import re

    pattern = constants[0]
    groups = re.compile(_python(pattern)).groups if isinstance(pattern, str) else 1
    if groups <= 1:
        return "to_json(regexp_extract_all($source, $regex, 1))"
    lists = ", ".join(f"regexp_extract_all($source, $regex, {group})" for group in range(1, groups + 1))
    return f"to_json(list_transform(list_zip({lists}), lambda __k1: [{', '.join(f'struct_extract(__k1, {g})' for g in range(1, groups + 1))}]))"


def _python(pattern: str) -> str:
    """RE2's Unicode classes are no Python; only the groups are counted."""
    import re

    return re.sub(r"\\[pP](\{\^?\w+\}|\w)", "x", pattern)


scalar("extract_all(regex: const string, source: string) -> dynamic", _extract_all, "extract_all('([0-9])', 'a1b2') -> dynamic(['1', '2'])", "The groups of all matches.")


def _strcat(constants: list[object]) -> str:
    return "concat(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


STRCAT = scalar("strcat(parts+: string) -> string", _strcat, "strcat('a', 'b', 'c') -> 'abc'", "Texts joined; other types are converted.")
scalar("strcat_array(array: dynamic, delimiter: string) -> string", "array_to_string(CAST($array AS VARCHAR[]), $delimiter)", "strcat_array(dynamic(['a', 1]), '-') -> 'a-1'", "The elements joined.", nulls="some")
scalar("strcat_delim(delimiter: string, parts+: string) -> string", lambda constants: "concat_ws($_0, " + ", ".join(f"$_{at}" for at in range(1, len(constants))) + ")",
       "strcat_delim('-', 'a', 'b') -> 'a-b'", "Texts joined with a delimiter.")
