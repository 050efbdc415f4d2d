"""What many tests share: a release made by the real night from a handful of articles, with a fake embedder."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from fakes import FakeEmbedder

from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.articles import Article
from recsys.store import ArticleStore

MakeRelease = Callable[..., Release]
DAY_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine leaks into a test."""
    for name in [name for name in os.environ if name.startswith("RECSYS_")]:
        monkeypatch.delenv(name)


def published(folder: Path, articles: Sequence[Article], **build: int) -> Release:
    """What the night publishes of these articles, in the new folder `folder`."""
    store = ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)
    store.put(articles)
    nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(build=BuildConfig(**build), force=True))
    store.close()
    return Release.open(folder / "releases")


@pytest.fixture
def make_release(tmp_path: Path) -> MakeRelease:
    """`make_release(articles)`: what the night publishes of them; every call has a store and a folder of its own."""
    numbers = count()
    return lambda articles, **build: published(tmp_path / f"paper-{next(numbers)}", articles, **build)


def article(number: int, **fields: object) -> Article:
    """A small article; `article(3)` was published three days after the first day and has words of its own."""
    known: dict[str, object] = {
        "id": f"a{number:03}",
        "title": f"Story {number}",
        "url": f"https://paper.example/story/{number}",
        "body": f"word{number} word{number % 3} harbour council",
        "published_at": DAY_ZERO + timedelta(days=number),
    }
    return Article(**{**known, **fields})  # type: ignore[arg-type]
