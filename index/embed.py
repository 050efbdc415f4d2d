"""Give every article a vector: only texts that have none yet are embedded, and every batch is saved at once."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from typing import Protocol, TypeVar

from index.crew import ALONE, Crew
from recsys.articles import Article
from recsys.embedding import CountingEmbedder, Embedded, Embedder, Vectors
from recsys.progress import Advance
from recsys.text import Boilerplate, embedding_text, text_digest

Item = TypeVar("Item")


class VectorStore(Protocol):
    """The part of the article store that keeps vectors by digest."""

    def known_embeddings(self, digests: Sequence[str]) -> set[str]:
        """Those of `digests` that have a vector."""

    def put_embeddings(self, fingerprint: str, digests: Sequence[str], vectors: Vectors) -> None:
        """Save (n, dim) float32 `vectors` under n `digests`; durable when it returns."""


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What `embed_missing` did. `articles` is `embedded` plus `reused`."""

    articles: int
    embedded: int  # distinct texts that got a vector now
    reused: int  # articles whose text had a vector, from an earlier night or from an article before it
    seconds: float
    tokens: int = 0  # read by the model, 0 where the embedder does not count them
    full: int = 0  # texts that fill what the model reads: what is beyond is not in their vectors
    model_seconds: float = 0.0  # with the embedder, of all who embed

    @classmethod
    def joined(cls, parts: "Iterable[EmbedReport]") -> "EmbedReport":
        """What was done in all, in these parts."""
        each = [astuple(one) for one in parts]
        return cls(*map(sum, zip(*each, strict=True))) if each else cls(0, 0, 0, 0.0)

    def __str__(self) -> str:
        """The numbers in words, for the log.

        >>> str(EmbedReport(5, 2, 3, 4.0, 300, 1, 2.0))
        '2 texts embedded, 3 had a vector; 300 tokens, 150 a second; 1 text fills what the model reads'
        """
        told = f"{self.embedded:,} texts embedded, {self.reused:,} had a vector"
        if not self.tokens:
            return told
        rate = self.tokens / max(self.model_seconds, 1e-6)
        fill = "1 text fills" if self.full == 1 else f"{self.full:,} texts fill"
        return f"{told}; {self.tokens:,} tokens, {rate:,.0f} a second; {fill} what the model reads"


def embedding_key(article: Article, embedder: Embedder, boilerplate: Boilerplate) -> tuple[str, str]:
    """(digest, text): the key of the article's vector in the store, and the text that the vector is made of."""
    text = embedding_text(article, boilerplate, embedder.max_chars)
    return text_digest(embedder.fingerprint, text), text


def embed_missing(
    store: VectorStore,
    articles: Iterable[Article],
    embedder: Embedder,
    boilerplate: Boilerplate,
    *,
    batch_size: int = 64,
    window: int = 2048,
    advance: Advance = lambda number: None,
    crew: Crew = ALONE,
) -> EmbedReport:
    """Embed the texts of `articles` that the store has no vector for, and save them.

    Works through `window` articles at a time, so memory does not grow with the archive, and saves after every
    `batch_size` texts, so a killed run loses at most the batches that the `crew` had in hand (one, where it is this
    process) and the next one goes on from there. Two articles with one text share one vector. `advance` is told how
    many articles were done. Whoever the crew, the batches are the same, so that the vectors are.
    """
    started = time.monotonic()
    seen = embedded = tokens = full = 0
    busy = 0.0
    unsaved: deque[list[str]] = deque()  # digests of the batches in hand, in order

    def batches() -> Iterator[list[str]]:
        nonlocal seen
        for group in _batches(articles, window):
            texts = dict(embedding_key(article, embedder, boilerplate) for article in group)
            missing = _missing(store, texts, unsaved)
            seen += len(group)
            advance(len(group) - len(missing))
            for digests in _batches(missing, batch_size):
                unsaved.append(digests)
                yield [texts[digest] for digest in digests]

    for found, seconds in crew.each(_embedded, embedder, batches()):
        digests = unsaved.popleft()
        store.put_embeddings(embedder.fingerprint, digests, found.vectors)
        embedded, busy = embedded + len(digests), busy + seconds
        tokens, full = tokens + found.tokens, full + found.full
        advance(len(digests))
    return EmbedReport(seen, embedded, seen - embedded, time.monotonic() - started, tokens, full, busy)


def _embedded(embedder: Embedder, texts: list[str]) -> tuple[Embedded, float]:
    """Counted where the embedder counts, and the seconds that it took."""
    began = time.monotonic()
    if isinstance(embedder, CountingEmbedder):
        found = embedder.embed_counted(texts)
    else:
        found = Embedded(embedder.embed(texts), 0, 0)
    return found, time.monotonic() - began


def _missing(store: VectorStore, texts: dict[str, str], unsaved: Iterable[list[str]]) -> list[str]:
    """The digests that have no vector and will have none, shortest text first: like lengths need little padding."""
    known = store.known_embeddings(list(texts)).union(*unsaved)
    return sorted((digest for digest in texts if digest not in known), key=lambda digest: (len(texts[digest]), digest))


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
