"""Who does a night's many pieces of work: this process, several (`index.cores`), or a cluster (`index.cluster`)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Piece = TypeVar("Piece")
Done = TypeVar("Done")


class Crew(Protocol):
    """Does pieces of work that do not depend on each other."""

    def each(self, do: Callable[[Shared, Piece], Done], shared: Shared, pieces: Iterable[Piece]) -> Iterator[Done]:
        """`do(shared, piece)` for each piece, in the order of the pieces.

        Pieces are drawn while earlier ones are being done, but only a bounded number ahead of what was given out. `do`
        is a function of a module, and changes nothing but its own; an error of its is raised here as it is.
        """


class Alone:
    """This process: a piece is drawn when the one before it was done and given out."""

    def each(self, do: Callable[[Shared, Piece], Done], shared: Shared, pieces: Iterable[Piece]) -> Iterator[Done]:
        """As `Crew.each`."""
        return (do(shared, piece) for piece in pieces)


ALONE = Alone()


def limited(do: Callable[[Shared, Piece], Done], shared: Shared, threads: int, piece: Piece) -> Done:
    """`do(shared, piece)` with so many threads for OpenMP and BLAS alike, whatever the environment says."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads):
        return do(shared, piece)
