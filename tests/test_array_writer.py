"""What was written in blocks is what was to be written, and an array's file is that of NumPy."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.pair_table import PairWriter, row_spans
from recsys.array_writer import ArrayWriter
from recsys.columns import save_array


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float16, np.float32, np.float64, np.uint8, np.bool_])
@pytest.mark.parametrize("sizes", [[], [0], [3], [1, 0, 70_000, 12]])
def test_blocks_make_the_very_file_of_the_whole(tmp_path: Path, dtype: type, sizes: list[int]) -> None:
    blocks = [np.arange(size) % 100 for size in sizes]
    with ArrayWriter(tmp_path / "blocks.npy", dtype) as writer:
        for block in blocks:
            writer.append(block.astype(np.float64))
    save_array(tmp_path / "whole.npy", np.concatenate([np.empty(0), *blocks]).astype(dtype))
    assert (tmp_path / "blocks.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    np.testing.assert_array_equal(writer.array(), np.load(tmp_path / "whole.npy"))


@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=9), min_size=1, max_size=9), st.integers(1, 9))
def test_a_table_of_pairs_is_read_as_written_and_knows_what_it_holds(lists: list[list[int]], most: int) -> None:
    lists = [sorted(one) for one in lists]
    with TemporaryDirectory() as folder:
        with PairWriter(Path(folder), "pairs", ["words"]) as writer:
            for part in (lists[:4], lists[4:]):
                near = np.array([one for row in part for one in row], np.int32)
                writer.append(np.array([len(row) for row in part], np.int64), values=near, words=near / np.float32(31))
        table = writer.table()
    assert [table.rows[row].tolist() for row in range(len(lists))] == lists
    np.testing.assert_allclose(table.measured["words"] * 31, table.rows.values, rtol=1e-6)
    owners, near = (column.ravel() for column in np.indices((len(lists), 31)))
    assert table.holds(owners, near).tolist() == [b in lists[a] for a, b in zip(owners, near, strict=True)]
    spans = list(row_spans(table.rows.offsets, most))
    assert [row for start, stop in spans for row in range(start, stop)] == list(range(len(lists)))
    several = [(a, b) for a, b in spans if b - a > 1]
    assert all(table.rows.offsets[stop] - table.rows.offsets[start] <= 2 * most + 9 for start, stop in several)
