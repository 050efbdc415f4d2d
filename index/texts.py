"""One pass over the texts: what words they hold, what names, and their fingerprints, by a crew."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.crew import Crew
from recsys.articles import Article
from recsys.fingerprints import Fingerprints, FingerprintWriter
from recsys.lexical import CountWriter, WordVectors, counted
from recsys.progress import Advance
from recsys.terms import TermReader, names
from recsys.text import Boilerplate, lexical_text

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BLOCK = 1_000  # articles of a piece of work
_Piece = list[tuple[str, str]]  # of each article the text whose words count, and the one as it is printed


@dataclass(frozen=True, slots=True)
class Texts:
    """What the night knows of n texts; what grows with them is mapped from files."""

    words: WordVectors
    names: WordVectors
    prints: Fingerprints


@dataclass(frozen=True, slots=True)
class _Read:
    """What a block of texts holds."""

    words: "csr_matrix[Any]"
    names: "csr_matrix[Any]"
    prints: Fingerprints


def read_texts(
    articles: Iterable[Article],
    boilerplate: Boilerplate,
    terms: TermReader,
    title_weight: int,
    folder: Path,
    crew: Crew,
    advance: Advance = lambda number: None,
) -> Texts:
    """Read each article once; its title counts `title_weight` times among the words, once among the names.

    Files go to `folder` and must stay as long as what is returned. `advance` is told how many articles were read.

    Raises:
        OSError: the disk is full.
    """
    places = [folder / name for name in ("words", "names", "prints")]
    for place in places:
        place.mkdir()
    words, named, prints = CountWriter(places[0]), CountWriter(places[1]), FingerprintWriter(places[2])
    with ExitStack() as files:
        for writer in (words, named, prints):
            files.enter_context(writer)
        for read in crew.each(_read, terms, _pieces(articles, boilerplate, title_weight)):
            words.append(read.words)
            named.append(read.names)
            prints.append(read.prints)
            advance(len(read.prints))
    return Texts(words.vectors(), named.vectors(), prints.fingerprints())


def _pieces(articles: Iterable[Article], boilerplate: Boilerplate, title_weight: int) -> Iterator[_Piece]:
    rest = ((lexical_text(one, boilerplate, title_weight), lexical_text(one, boilerplate, 1)) for one in articles)
    while piece := list(islice(rest, _BLOCK)):
        yield piece


def _read(terms: TermReader, piece: _Piece) -> _Read:
    plain = [text for _, text in piece]
    return _Read(counted([text for text, _ in piece], terms), counted(plain, names), Fingerprints.of(plain))
