"""Drafts among the articles: measured like one that has just come, and kept nowhere.

The vector comes from the store where this very text was embedded before, else from this process's own model, else there
is none: nobody waits for a model that loads, nor long for one that is busy. The measuring is done in the thread of the
newcomers, between two of them, so that neither the event loop nor a reader waits for it.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recsys.articles import Article
from recsys.errors import StoreError
from recsys.manifest import Model
from recsys.recommender import Recommender
from recsys.release import Release
from recsys.store import ArticleStore
from service.embedding import Embedding
from service.live import Live, View
from service.newcomers import Followed, Newcomers
from service.office import Office
from service.problems import Problem

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that a draft waits to be measured
EMBEDDED_WITHIN = 1.0  # seconds of these that it waits for its vector
MOST = 16  # drafts at once
_SOON = "2"  # seconds
Vector = npt.NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measured:
    """The release with what came after it and with the draft, which is its last row.

    Attributes:
        base: as the night built it.
        release: with all that.
        by_meaning: whether the draft has a vector.
    """

    base: Release
    release: Release
    by_meaning: bool


class Drafting:
    """Measures drafts for one process, so many at once. Of the event loop.

    Args:
        newcomers: whose thread measures.
        office: the store in which a text may have its vector already.
        embedding: makes vectors; None leaves drafts to their words, names, author and section.
        most: how many at once.
    """

    def __init__(self, newcomers: Newcomers, office: Office, embedding: Embedding | None, most: int = MOST) -> None:
        self._newcomers, self._office, self._embedding = newcomers, office, embedding
        self._free = most

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the drafts at once. Raises Problem (503) where there are too many."""
        if self._free < 1:
            raise busy("too many drafts at once")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def measured(self, article: Article) -> Measured:
        """The draft as a row. Raises Problem: 503 where that takes too long, 500 where it cannot be done."""
        try:
            async with asyncio.timeout(PATIENCE):
                model, key, text = await self._ask(lambda now: _given(now, article))
                vector = await self._vector(model, key, text)
                base, release = await self._ask(lambda now: _laid(now, article, model, vector))
        except TimeoutError:
            raise busy("articles that came before it are being measured") from None
        except Exception as error:
            # without the error's own text, which may hold some of the draft's
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("a draft cannot be measured: %s\n%s", type(error).__name__, where)
            raise Problem(500, "draft-failed", "the draft cannot be measured; the service's log says where") from None
        return Measured(base, release, vector is not None and model == base.manifest.model)

    async def _ask(self, question: Callable[[Followed], T]) -> T:
        return await asyncio.wrap_future(self._newcomers.ask(question))

    async def _vector(self, model: Model, key: str, text: str) -> Vector | None:
        try:
            async with asyncio.timeout(EMBEDDED_WITHIN):
                found = await self._office.ask(lambda store: _stored(store, key, model.dim))
                if not len(found) and self._embedding is not None:
                    asked = self._embedding.of_draft(model, text)
                    found = found if asked is None else await asyncio.wrap_future(asked)
        except (TimeoutError, StoreError):
            return None
        except Exception as error:  # a model that fails: words are left
            log.error("a draft is not embedded: %s", type(error).__name__)
            return None
        return found[0] if len(found) else None


def recommender_of(measured: Measured, article_id: str, view: View, live: Live) -> Recommender:
    """Who answers for the draft by what is in force in `view`.

    What the store says of the article that it is a new version of does not hold for the draft: it says so itself.
    """
    overlay = view.overlay
    if article_id in overlay.changed:
        overlay = replace(overlay, changed={key: one for key, one in overlay.changed.items() if key != article_id})
    known = view.recommender
    return Recommender(measured.release, known.weights, overlay, known.variety, live.clock)


def _given(now: Followed, article: Article) -> tuple[Model, str, str]:
    """The model, and what it would be given of the article, with its digest."""
    base, extension = now
    return base.manifest.model, extension.key(article), extension.text(article)


def _laid(now: Followed, article: Article, model: Model, vector: Vector | None) -> tuple[Release, Release]:
    base, extension = now
    return base, extension.with_draft(article, vector if model == base.manifest.model else None)


def _stored(store: ArticleStore, key: str, dim: int) -> Vector:
    """(1, dim) or (0, dim): the vector that an article of the same text has."""
    found = store.embeddings_known([key], dim)
    return np.array([*found.values()], np.float32).reshape(-1, dim)


def busy(reason: str) -> Problem:
    """503: as things are, it would take too long."""
    return Problem(503, "drafts-busy", f"{reason}; try again soon", headers={"Retry-After": _SOON})
