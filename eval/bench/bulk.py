"""A whole archive into a store: drawn by all cores, written by one, with the vectors that a night would make of it."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from typing import Any

from eval.bench.corpus import Archive, Chunk, CorpusConfig, Vectors
from recsys.database import open_engine, writing
from recsys.manifest import Model
from recsys.putting import put_rows
from recsys.schema import to_row
from recsys.store import ArticleStore
from recsys.text import Boilerplate, embedding_text, line_key, text_digest

_ALONE = 4  # chunks that are not worth starting processes for


@dataclass(frozen=True, slots=True)
class _Rows:
    """Articles as the store writes them, and for each the digest and the vector of its text."""

    rows: list[dict[str, Any]]
    digests: list[str]
    vectors: Vectors


def fill(url: str, archive: Archive, model: Model, processes: int | None = None) -> float:
    """Write the archive into a store, which is made where there is none; how many seconds that took.

    Args:
        processes: how many draw at once; as many as there are cores if None.

    Raises:
        StoreError: it cannot be written.
    """
    began, starts = time.monotonic(), list(archive.starts())
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn")) if len(starts) > _ALONE else None
    make = partial(_rows, archive.config, model)
    engine = open_engine(url, create=True)
    try:
        with pool or nullcontext(), closing(ArticleStore(engine)) as store:
            for made in _ahead(pool, make, starts) if pool else map(make, starts):
                store.put_embeddings(model.fingerprint, made.digests, made.vectors)  # first: an article has its vector
                with writing(engine, "cannot write the archive") as connection:
                    put_rows(connection, made.rows, [None] * len(made.rows), int(time.time()))
    finally:
        engine.dispose()
    return time.monotonic() - began


def write(store: ArticleStore, chunk: Chunk, recurring: Sequence[str], model: Model) -> None:
    """Write these articles, and each vector under the digest that it would have if `model` had made it."""
    store.put_embeddings(model.fingerprint, _digests(chunk, recurring, model), chunk.vectors)
    store.put(chunk.articles)


def _ahead(pool: ProcessPoolExecutor, make: Any, starts: Sequence[int], most: int = 8) -> Iterator[_Rows]:
    """What is made of each, in order; at most `most` of them are drawn and not yet written."""
    waiting = [pool.submit(make, start) for start in starts[:most]]
    for start in [*starts[most:], *[None] * min(most, len(starts))]:
        yield waiting.pop(0).result()
        if start is not None:
            waiting.append(pool.submit(make, start))


def _rows(config: CorpusConfig, model: Model, start: int) -> _Rows:
    archive = _archive(config)
    chunk = archive.chunk(start)
    digests = _digests(chunk, archive.recurring, model)
    return _Rows([to_row(article) for article in chunk.articles], digests, chunk.vectors)


@lru_cache(maxsize=1)
def _archive(config: CorpusConfig) -> Archive:
    return Archive(config)


def _digests(chunk: Chunk, recurring: Sequence[str], model: Model) -> list[str]:
    boilerplate = Boilerplate({line_key(line): 1 for line in recurring})
    texts = (embedding_text(article, boilerplate, model.max_chars) for article in chunk.articles)
    return [text_digest(model.fingerprint, text) for text in texts]
