"""Files of articles as streams of rows."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from index.sources import Row, rows
from recsys.errors import SourceError

RECORDS: list[dict[str, object]] = [
    {"id": f"a{n}", "title": "Überschrift — x", "body": "y\n" * 3000} for n in range(500)
]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def records(path: Path) -> list[dict[str, object] | None]:
    return [row.record for row in rows(path)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.jsonl", bytes),
        ("a.ndjson", bytes),
        ("a.JSONL.GZ", gzip.compress),
        ("two.parts.jsonl.zst", zstandard.compress),
    ],
)
def test_json_lines_are_read_plain_or_packed(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    found = list(rows(written(tmp_path, name, pack(LINES))))
    assert [row.record for row in found] == RECORDS
    assert [row.line for row in found] == list(range(1, 501))


def test_packed_files_may_have_several_parts(tmp_path: Path) -> None:
    half = len(LINES) // 2
    for name, pack in (("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)):
        assert records(written(tmp_path, name, pack(LINES[:half]) + pack(LINES[half:]))) == RECORDS


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)])
def test_a_cut_file_gives_most_of_its_rows_first(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    text = b"".join(json.dumps({"id": n, "noise": str(n**40)}).encode() + b"\n" for n in range(30_000))
    whole = pack(text)
    path = written(tmp_path, name, whole[: len(whole) // 2])
    count = 0
    try:
        for _ in rows(path):
            count += 1
    except SourceError:
        assert 10_000 < count < 20_000
    else:
        pytest.fail("the damage was not noticed")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"x", "unknown kind"),
        ("a.parquet.gz", b"x", "unknown kind"),
        ("gz", b"x", "unknown kind"),
        ("a.jsonl.gz", b"{}\n", "damaged"),
        ("a.jsonl.zst", b"{}\n", "damaged"),
        ("a.jsonl", gzip.compress(b"{}"), "gzip"),
        ("a.csv", '{"a": 1}'.encode("utf-16"), "UTF-16"),
        ("a.csv", b"PK\x03\x04", "zip"),
        ("a.parquet", b"not parquet at all", "export it again"),
        ("a.csv", b'id,title\n1,"never closed\n' + b"2,x\n" * 50, "never closed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        list(rows(written(tmp_path, name, content)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.jsonl"):
        list(rows(tmp_path / "gone.jsonl"))


def test_broken_lines_are_rows_with_an_error(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"id": 1}\n\n  \nnot json\n[1]\n{"a": NaN, "b": -Infinity, "c": "\\ud800"}\r\n{"a": "\xff"}\n'
        + b"[" * 99_999
    )
    found = list(rows(written(tmp_path, "a.jsonl", content)))
    assert [row.line for row in found] == [1, 4, 5, 6, 7, 8]
    assert found[0].record == {"id": 1}
    assert found[1] == Row(4, None, found[1].error, "not json")
    assert "not a JSON object" in found[2].error
    assert found[3].record == {"a": None, "b": None, "c": "\ud800"}
    assert (found[4].record, found[4].replaced) == ({"a": "\ufffd"}, True)
    assert found[5].record is None


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_delimited_files_are_read_with_any_separator(tmp_path: Path, name: str, separator: str) -> None:
    lines = [
        "\ufeffid,title,body",
        '1,"A, B; C","first\nsecond ""quoted"""',
        "",
        "2,x,",
        "3,only",
        '4,y,"' + "z" * 300_000 + '"',
    ]
    text = "\r\n".join(lines).replace(",", separator).encode()
    found = list(rows(written(tmp_path, name, gzip.compress(text) if name.endswith("gz") else text)))
    assert [row.line for row in found] == [2, 5, 6, 7]
    assert found[0].record == {"id": "1", "title": f"A{separator} B; C", "body": 'first\nsecond "quoted"'}
    assert found[1].record == {"id": "2", "title": "x", "body": ""}
    assert found[2].record == {"id": "3", "title": "only"}
    assert found[3].record is not None
    assert len(str(found[3].record["body"])) == 300_000


def test_odd_rows_of_csv_are_errors_and_the_rest_is_read(tmp_path: Path) -> None:
    content = b'id,title,id,\n1,a,9,z\n2,b,9,z,extra\n3,"c"c,9,z\n4,caf\xe9,9,z\n'
    found = list(rows(written(tmp_path, "a.csv", content)))
    assert found[0].record == {"id": "1", "title": "a"}
    assert "5 fields" in found[1].error
    assert "not CSV" in found[2].error
    assert (found[3].line, found[3].record, found[3].replaced) == (5, {"id": "4", "title": "caf\ufffd"}, True)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.jsonl.gz"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    assert list(rows(written(tmp_path, name, gzip.compress(b"") if name.endswith("gz") else b""))) == []


def test_parquet_gives_python_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1.0, float("nan")]),
            "when": pa.array([1474370000123456789, None], pa.timestamp("ns", "UTC")),
            "far": pa.array([10**15, 0], pa.timestamp("s")),
            "tags": [["a"], []],
            "image": [{"url": "u"}, None],
            "section": pa.array(["x", "x"]).dictionary_encode(),
            "raw": pa.array([b"caf\xe9", b"ok"]),
            "bad": pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b"ok"]).buffers()),
        }
    )
    twice = table.append_column("id", pa.array(["second", "second"]))
    pq.write_table(twice, tmp_path / "a.parquet", row_group_size=1)
    first, second = rows(tmp_path / "a.parquet")
    assert first.record is not None
    assert first.record | {"far": ""} == {
        "id": 1.0,
        "when": datetime(2016, 9, 20, 11, 13, 20, 123456, tzinfo=UTC),
        "far": "",
        "tags": ["a"],
        "image": {"url": "u"},
        "section": "x",
        "raw": "caf\ufffd",
        "bad": "\ufffd",
    }
    assert first.replaced
    assert second.record is not None
    assert second.record["id"] is None
    assert (second.line, second.record["bad"]) == (2, "ok")
