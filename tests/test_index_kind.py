"""The kind of vector index: by size, then by memory; what is asked for is taken, and a small archive is flat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ConfigError
from recsys.index_kind import CHOICES, FLAT_UP_TO, GIB, LEAST, SQ8_UP_TO, Kind, choose, memory_of


@pytest.mark.parametrize(
    ("n", "memory", "expected"),
    [
        (0, 2.0, Kind.FLAT),
        (FLAT_UP_TO, 2.0, Kind.FLAT),
        (FLAT_UP_TO + 1, 2.0, Kind.IVF_SQ8),
        (SQ8_UP_TO, 2.0, Kind.IVF_SQ8),
        (SQ8_UP_TO, 0.1, Kind.IVF_PQ4),
        (SQ8_UP_TO + 1, 2.0, Kind.IVF_PQ4),
        (10_000_000, 0.5, Kind.IVF_PQ4),
        (40_000, 0.04, Kind.IVF_SQ8),
        (40_000, 0.01, Kind.IVF_PQ4),
        (LEAST - 1, 1e-9, Kind.FLAT),
        (LEAST, 1e-9, Kind.IVF_PQ4),
    ],
)
def test_auto_goes_by_size_and_then_by_memory(n: int, memory: float, expected: Kind) -> None:
    assert choose(n, 384, "auto", memory) is expected


@given(n=st.integers(LEAST, 10**9), dim=st.integers(1, 4096), memory=st.floats(1e-3, 1e4))
def test_what_auto_takes_fits_the_memory_or_nothing_does(n: int, dim: int, memory: float) -> None:
    kind = choose(n, dim, "auto", memory)
    fits = memory_of(kind, n, dim) <= memory * GIB
    assert fits or kind is Kind.IVF_PQ4


@pytest.mark.parametrize("kind", Kind)
def test_what_is_asked_for_is_taken_but_by_a_small_archive(kind: Kind) -> None:
    assert choose(LEAST, 384, kind.value) is kind
    assert choose(LEAST - 1, 384, kind.value) is (kind if kind is Kind.ENGINE else Kind.FLAT)
    assert choose(0, 384, kind.value) is Kind.FLAT


def test_an_unknown_kind_and_no_memory_are_refused() -> None:
    with pytest.raises(ConfigError, match="'annoy'; there are auto, flat, hnsw"):
        choose(5, 384, "annoy")
    for memory in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="above 0 GiB"):
            choose(5, 384, CHOICES[0], memory)
