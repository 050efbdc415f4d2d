"""Kin: equal to its definition by plain loops, over any table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.kin import NEAREST, SHARPNESS, KinBlock, KinTable, nearest_of
from index.pair_table import PairTable, equal_spans
from recsys.columns import ListColumn

Table = dict[tuple[int, int], tuple[float, float]]  # pair -> relevance, timely
# few values, so that ties are common, all exact in binary
values = st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.sampled_from([0.5, 1.0, 2.0]))


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, Table]:
    """A number of rows, and pairs of different ones with their relevance and timeliness."""
    n = draw(st.integers(0, 9))
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=40)) if pairs else []
    return n, {pair: draw(values) for pair in sorted(chosen)}


def naive(n: int, table: Table) -> dict[tuple[int, int], float]:
    """The kin of every two rows, as the formula says."""
    s = {pair: relevance for pair, (relevance, _) in table.items()} | {(a, a): 1.0 for a in range(n)}
    near: dict[tuple[int, int], float] = {}
    for a in range(n):
        score = {b: relevance * timely for (x, b), (relevance, timely) in table.items() if x == a}
        few = sorted(score, key=lambda b: (-score[b], b))[:NEAREST]
        total = sum(score[b] ** SHARPNESS for b in few)
        near |= {(a, b): score[b] ** SHARPNESS / total for b in few if total}
    return {
        (a, b): sum(near.get((a, c), 0) * s.get((c, b), 0) + s.get((a, c), 0) * near.get((b, c), 0) for c in range(n))
        / 2
        for a in range(n)
        for b in range(n)
    }


def blocks(n: int, table: Table, k: int) -> list[KinBlock]:
    rows = ListColumn.of([[b for a, b in table if a == row] for row in range(n)])
    relevance = np.array([value for value, _ in table.values()], np.float32)
    timely = np.array([factor for _, factor in table.values()], np.float32)
    pairs = PairTable(rows, {})
    kin = KinTable.of(pairs, relevance, nearest_of(pairs, lambda one: (relevance * timely)[one.span]))
    return [kin.block(start, stop, k) for start, stop in equal_spans(n)]


@pytest.mark.parametrize("size", [1024, 2])
@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 5))
def test_kin_and_the_new_pairs_are_those_of_the_formula(size: int, drawn: tuple[int, Table], k: int) -> None:
    n, table = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.pair_table._ROWS", size)
        patch.setattr("index.pair_table._PAIRS", size)
        found = blocks(n, table, k)
    exact = naive(n, table)
    assert len(found) == -(-n // size)
    measured = [value for block in found for value in block.values.tolist()]
    assert measured == pytest.approx([exact[pair] for pair in table], abs=1e-6)
    new: dict[int, dict[int, float]] = {a: {} for a in range(n)}
    for start, block in zip(range(0, n, size), found, strict=True):
        assert ((block.owners >= start) & (block.owners < start + size)).all()
        pairs = list(zip(block.owners.tolist(), block.near.tolist(), strict=True))
        assert pairs == sorted(set(pairs))
        for (a, b), value in zip(pairs, block.found.tolist(), strict=True):
            assert a != b
            assert (a, b) not in table
            assert value == pytest.approx(exact[a, b], abs=1e-6)
            new[a][b] = value
    assert all(0 <= value <= 1 for value in measured)
    for a in range(n):
        lacking = sorted((exact[a, b] for b in range(n) if a != b and (a, b) not in table), reverse=True)
        best = [value for value in lacking if value > 0][:k]
        assert sorted(new[a].values(), reverse=True) == pytest.approx(best, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_kin_of_a_symmetric_table_is_symmetric(drawn: tuple[int, Table]) -> None:
    n, half = drawn
    table = {
        pair: half[min(pair), max(pair)] for pair in sorted({p for a, b in half if a < b for p in ((a, b), (b, a))})
    }
    kin = dict(zip(table, (value for block in blocks(n, table, 0) for value in block.values.tolist()), strict=True))
    assert all(value == pytest.approx(kin[b, a], abs=1e-6) for (a, b), value in kin.items())


def new_pairs(block: KinBlock) -> dict[tuple[int, int], float]:
    pairs = zip(block.owners.tolist(), block.near.tolist(), strict=True)
    return dict(zip(pairs, block.found.tolist(), strict=True))


def test_two_articles_that_share_nothing_are_kin_through_a_third() -> None:
    table = {(0, 2): (0.5, 1.0), (1, 2): (0.5, 1.0), (2, 0): (0.5, 1.0), (2, 1): (0.5, 1.0), (3, 4): (0.5, 1.0)}
    (block,) = blocks(5, table, 9)
    assert new_pairs(block) == {(0, 1): 0.5, (1, 0): 0.5, (4, 3): 0.5}


def test_who_is_near_in_time_counts_more_among_the_nearest() -> None:
    """Row 0 is as near to 1 as to 2, but 1 is nearer in time, and only 1 has to do with 3."""
    found = []
    for timely in (1.0, 2.0):
        table = {(0, 1): (0.5, timely), (0, 2): (0.5, 1.0), (1, 3): (1.0, 1.0)}
        (block,) = blocks(4, table, 9)
        found.append(new_pairs(block)[0, 3])
    assert found == pytest.approx([1 / 4, 4 / 9])


def test_of_many_that_are_as_near_the_first_rows_count() -> None:
    few = range(1, NEAREST + 3)
    table = {(0, b): (0.5, 1.0) for b in few} | {(b, 9): (1.0, 1.0) for b in few if b > NEAREST}
    (block,) = blocks(10, dict(sorted(table.items())), 9)
    assert (0, 9) not in new_pairs(block)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_pairs_give_no_kin(n: int) -> None:
    assert all(len(block.values) == len(block.found) == 0 for block in blocks(n, {}, 5))
