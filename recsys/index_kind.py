"""Which kind of vector index: chosen by the number of vectors and the memory that a search may keep busy.

The limits are measured on 2 cores with 384 numbers a vector; DECISIONS.md 42 has the table.
"""

from enum import StrEnum

from recsys.errors import ConfigError

AUTO = "auto"
GIB = 1 << 30
LINKS = 32  # HNSW's M; the lowest level keeps twice as many links a vector
LEAST = 1_000  # fewer vectors are always compared one by one: too few to train on, and nothing to gain
FLAT_UP_TO = 50_000
SQ8_UP_TO = 300_000  # beyond, 8 bits a number are slower to go through than 4 bits for two, and nothing better


class Kind(StrEnum):
    """How the candidates of a search are found; whichever way, they are then compared by their exact vectors."""

    FLAT = "flat"  # every vector is compared: exact
    HNSW = "hnsw"  # a graph over the exact vectors (Malkov, Yashunin 2018, arXiv 1603.09320)
    IVF_SQ8 = "ivf-sq8"  # cells around centres, 8 bits a number (Sivic, Zisserman 2003; FAISS's scalar quantiser)
    IVF_PQ4 = "ivf-pq4"  # cells, 4 bits for two numbers together (Jégou, Douze, Schmid 2011; André et al. 2015)
    ENGINE = "engine"  # a database on other machines proposes them (recsys/engine.py)


CHOICES = (AUTO, *(kind.value for kind in Kind))


def memory_of(kind: Kind, n: int, dim: int) -> int:
    """Bytes that searches of n vectors of `dim` numbers keep busy.

    Of the kinds with cells only the codes count: the exact vectors lie mapped on disk, and a few hundred are looked up.
    """
    exact, number = 4 * dim, 8  # bytes of a float32 vector, of a row number
    each = {
        Kind.FLAT: exact,
        Kind.HNSW: exact + 4 * 2 * LINKS + 4 * 4,  # and about 4 links on higher levels, levels and offsets
        Kind.IVF_SQ8: dim + number,
        Kind.IVF_PQ4: (subspaces(dim) + 1) // 2 + number,
        Kind.ENGINE: 0,  # of this host: what is looked up in the exact vectors is read from the disk
    }
    return n * each[kind]


def subspaces(dim: int) -> int:
    """Parts into which product quantisation divides a vector: of two numbers each, or of one where `dim` is odd."""
    return dim // 2 if dim % 2 == 0 else dim


def choose(n: int, dim: int, asked: str = AUTO, memory: float = 2.0) -> Kind:
    """The kind for n vectors of `dim` numbers.

    Args:
        n: number of vectors; below 1,000 the kind is flat, but for an engine that is asked for; without any always.
        asked: one of `CHOICES`; "auto" takes flat up to 50,000 vectors, IVF-SQ8 up to 300,000, each where it fits the
            memory, else IVF-PQ4, the smallest. HNSW must be asked for: it was measured to be built more slowly, to
            search no faster, and to keep more memory busy than IVF-SQ8; so must an engine, as it must be named.
        memory: > 0, GiB that searches may keep busy; asked of "auto" only.

    Raises:
        ConfigError: no such kind, or no memory.
    """
    if asked not in CHOICES:
        raise ConfigError(f"no vector index is called {asked!r}; there are {', '.join(CHOICES)}")
    if not memory > 0:
        raise ConfigError(f"the memory of the vector index must be above 0 GiB, found {memory:g}")
    if asked == Kind.ENGINE and n:
        return Kind.ENGINE
    if n < LEAST:
        return Kind.FLAT
    if asked != AUTO:
        return Kind(asked)
    for kind, most in ((Kind.FLAT, FLAT_UP_TO), (Kind.IVF_SQ8, SQ8_UP_TO)):
        if n <= most and memory_of(kind, n, dim) <= memory * GIB:
            return kind
    return Kind.IVF_PQ4
