"""externaldata: local files stand for URLs; nothing is fetched, contents are hostile."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import hunting
from hunting.errors import HuntingError
from hunting.lake import Lake

URL = "https://feeds.example/list"


@pytest.fixture
def hunt() -> hunting.Hunt:
    return hunting.connect(":memory:")


def stands(hunt: hunting.Hunt, path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    hunt.external.add(URL, path)


def test_csv_is_read_by_place_and_converted_as_the_language_does(hunt: hunting.Hunt, tmp_path: Path) -> None:
    stands(hunt, tmp_path / "a.csv", 'ip,when,n\n1.2.3.4,2026-01-01T00:00:00Z,5\n"a,b",never,x,too,many\nshort\n')
    query = f'externaldata(ip: string, when: datetime, n: long)[h@"{URL}"] with (format="csv", ignoreFirstRecord=True)'
    assert hunt.query(query).rows() == [
        ("1.2.3.4", datetime(2026, 1, 1, tzinfo=UTC), 5),
        ("a,b", None, None),
        ("short", None, None),
    ]


def test_txt_is_lines_without_the_empty_ones(hunt: hunting.Hunt, tmp_path: Path) -> None:
    stands(hunt, tmp_path / "a.txt", "# head\r\nabc,d\n\nlast")
    query = f'externaldata(line: string)["{URL}"] with (format="txt", ignorefirstrecord=true, ignoreLastRecord=true)'
    assert hunt.query(query).rows() == [("abc,d",)]


def test_json_is_read_by_name_in_lines_or_an_array(hunt: hunting.Hunt, tmp_path: Path) -> None:
    stands(hunt, tmp_path / "a.json", '{"b": {"c": [1]}, "a": 1}\n[{"a": "x"}, {"a": null}]')
    query = f'externaldata(a: string, b: dynamic)["{URL}"] with (format="multijson")'
    assert hunt.query(query).rows() == [("1", {"c": [1]}), ("x", None), ("", None)]


@pytest.mark.parametrize("ending", [".gz", ".zip"])
def test_packed_files_are_unpacked(hunt: hunting.Hunt, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"feed.txt{ending}"
    if ending == ".gz":
        path.write_bytes(gzip.compress(b"one\ntwo"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("feed.txt", "one\ntwo")
    hunt.external.add(URL, path)
    assert hunt.query(f'externaldata(a: string)["{URL}"] with (format="txt")').rows() == [("one",), ("two",)]


def test_several_urls_are_one_table_and_a_let_may_use_it_twice(hunt: hunting.Hunt, tmp_path: Path) -> None:
    stands(hunt, tmp_path / "a.txt", "x\ny")
    feed = f'let feed = externaldata(v: string)["{URL}", "{URL}"] with (format="txt");'
    assert hunt.query(feed + 'feed | join kind=leftsemi (feed | where v == "x") on v | count').rows() == [(2,)]


def test_an_unknown_url_is_refused_with_the_cure(hunt: hunting.Hunt) -> None:
    with pytest.raises(hunting.KqlUnsupportedError) as caught:
        hunt.query(f'print 1\n| union (externaldata(a: string)["{URL}"])')
    assert f"nothing is fetched from {URL}" in str(caught.value)
    assert f"hunting external add {URL} FILE" in str(caught.value)
    assert "(line 2, column 10)" in str(caught.value)


def test_an_unused_externaldata_needs_no_file(hunt: hunting.Hunt) -> None:
    assert hunt.query(f'let feed = externaldata(a: string)["{URL}"]; print x = 1').rows() == [(1,)]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ('{"a": ', 'format="json"', "cannot be read as json"),
        ("[1]", 'format="json"', "no JSON object"),
        ("x", 'format="avro"', "'avro' is not supported"),
        ("x", 'format="csv", compression="x"', "'compression' is not supported"),
        ("a" * 200_000, 'format="csv"', "cannot be read as csv"),
    ],
)
def test_what_cannot_be_read_says_so(hunt: hunting.Hunt, tmp_path: Path, content: str, options: str, words: str) -> None:
    stands(hunt, tmp_path / "a", content)
    with pytest.raises(hunting.KqlError, match=words):
        hunt.query(f'externaldata(a: string)["{URL}"] with ({options})')


def test_large_files_are_refused(hunt: hunting.Hunt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunting.external.MAX_BYTES", 1024 * 1024)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(4 * 1024 * 1024)))
    hunt.external.add(URL, path)
    with pytest.raises(hunting.KqlLimitError, match="larger than 1 MB"):
        hunt.query(f'externaldata(a: string)["{URL}"] with (format="raw")')


def test_a_store_keeps_the_list(tmp_path: Path) -> None:
    feed = tmp_path / "feed ä.txt"
    feed.write_text("one")
    root = tmp_path / "store"
    Lake.create(root)
    with hunting.connect(root) as first:
        first.external.add(URL, feed)
    with hunting.connect(root) as second:
        assert second.external.files() == {URL: str(feed)}
        assert second.query(f'externaldata(a: string)["{URL};secret"] with (format="txt")').rows() == [("one",)]
        second.external.remove(URL)
        assert second.external.files() == {}
        with pytest.raises(HuntingError, match="No file stands for"):
            second.external.remove(URL)


@pytest.mark.parametrize(("url", "path", "words"), [("feed", "a", "is no URL"), (URL, "missing.csv", "There is no file")])
def test_a_wrong_entry_is_refused(hunt: hunting.Hunt, url: str, path: str, words: str) -> None:
    with pytest.raises(HuntingError, match=words):
        hunt.external.add(url, path)
