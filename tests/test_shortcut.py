"""The shorter way to the lists: whatever is asked, it answers what the framework's routes answer, byte for byte."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import service.app
from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore
from service.app import create_app
from service.settings import Settings
from service.shortcut import Shortcut

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)  # the store's own clock is behind it
IDS = [f"a{number:03}" for number in range(10)] + ["odd/one", "x/similar", "ünï/related", "a\nb", "tail/", "/lead"]
VERBS = ["similar", "more-from-author", "coverage", "related"]
Headers = list[tuple[bytes, bytes]]
Got = tuple[int, Headers, bytes]


class Pair:
    """Two services of one paper: one as it is, and one whose requests all go through the framework's routes."""

    def __init__(self, quick: TestClient, plain: TestClient, store: ArticleStore) -> None:
        self.quick, self.plain, self.store = quick, plain, store

    def both(self, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), **more: Any) -> Got:
        """The answer of both."""
        quick, plain = (ask(client.app, path, query, headers, **more) for client in (self.quick, self.plain))
        assert quick == plain
        return quick


def ask(app: Any, path: str, query: str, headers: Sequence[tuple[str, str]] = (), **more: Any) -> Got:
    """What an application answers: status, sorted headers and body."""
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers], **more,
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sorted(sent[0]["headers"]), b"".join(one.get("body", b"") for one in sent)


class Longer:
    """In the place of the shortcut: no shortcut."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, *given: Any) -> None:
        await self._app(*given)


@contextmanager
def served(releases: Path, url: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Iterator[Pair]:
    given = Settings(releases, store=url, max_k=50, **more)
    quick = create_app(given, NOW.timestamp)
    with monkeypatch.context() as without:
        without.setattr(service.app, "Shortcut", Longer)
        plain = create_app(given, NOW.timestamp)
        with closing(ArticleStore.open(url)) as store, TestClient(quick) as one, TestClient(plain) as other:
            yield Pair(one, other, store)


@pytest.fixture(scope="module", params=["first of all", "beneath what other origins are told"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("paper")
    url = f"sqlite:///{folder / 'articles.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put([article(n, id=key, byline="By Odo Quirk" if n % 2 else "") for n, key in enumerate(IDS)])
        store.put([article(9, status=Status.CANCELED), article(8, embargoed_until=NOW + timedelta(hours=1))])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    with pytest.MonkeyPatch.context() as monkeypatch:
        origins = () if request.param == "first of all" else ("https://paper.example",)
        given = {"cors_origins": origins, "cache_seconds": 60, "purged_seconds": 600}
        with served(folder / "releases", url, monkeypatch, **given) as found:
            yield found


ADDRESSES = [
    "https://paper.example/story/3", "http://www.paper.example/story/4/?utm_source=x#top", "https://paper.example/none",
    "ftp://x", "", "story",
]  # fmt: skip
VALUES = {
    "k": ["1", "6", "50", "51", "0", "-1", "", "six", "6.0", " 6 ", "+6", "٣", "1_0"],
    "similar": ["0", "3", "100"], "author": ["2", "no"], "coverage": ["1"],
    "explain": ["true", "0", "maybe"], "fallback": ["none", "recent", "NONE", "other"], "order": ["related"],
    "co_authors": ["false"], "by": ["Odo Quirk", "", "nobody"], "exclude": ["a001", "a002,a003", ""],
    "exclude_section": ["news", "sport,x"], "section": ["news", ""], "author_fallback": ["section"],
    "published_after": ["2026-01-01", "30d", "99999d", "2026"], "url": ADDRESSES, "limit": ["3"],
}  # fmt: skip
_PAIR = st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name])))
_WRITTEN = st.lists(_PAIR, max_size=4).flatmap(
    lambda pairs: st.sampled_from([quote, quote_plus]).map(lambda way: "&".join(f"{n}={way(v)}" for n, v in pairs))
)
QUERIES = _WRITTEN | st.sampled_from(["k=%ff", "k", "&&k=3", "k=3;similar=2", "=", "k=%", "url=é", "k=3&k=4", "K=3"])
PATHS = (
    st.tuples(st.sampled_from([*IDS, "none", "", "."]), st.sampled_from([*VERBS, "explain", "similar/", "Similar"]))
    .map(lambda found: f"/v1/articles/{found[0]}/{found[1]}")
    .__or__(st.sampled_from([f"/v1/{verb}" for verb in VERBS]))
    .__or__(st.sampled_from(["/v1/articles/similar", "/similar", "/v1/similar\n", "/v1//similar", "/v1/x/similar"]))
)
ORIGIN = ("origin", "https://paper.example")


@given(PATHS, QUERIES, st.sampled_from([None, "*", '"x"', "its own"]), st.booleans(), st.sampled_from(["", "", "/v1"]))
@example("/v1/related", f"url={quote(ADDRESSES[0], safe='')}&similar=3", "its own", True, "")
@example("/v1/articles/a\nb/similar", "k=3", None, False, "")
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_answer_alike_whatever_is_asked(
    pair: Pair, path: str, query: str, has: str | None, from_a_page: bool, root_path: str
) -> None:
    headers = [ORIGIN] if from_a_page else []
    if has == "its own":
        has = dict(pair.both(path, query, headers, root_path=root_path)[1]).get(b"etag", b'"none"').decode()
    pair.both(path, query, [*headers, *([] if has is None else [("if-none-match", has)])], root_path=root_path)


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_other_methods_are_answered_alike(pair: Pair, method: str) -> None:
    pair.both("/v1/articles/a001/similar", "k=3", method=method)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("query", ["", "exclude=a002&exclude=a003&exclude_section=x", "published_after=9d&explain=1"])
def test_what_is_plain_does_not_reach_the_framework(pair: Pair, verb: str, query: str) -> None:
    async def framework(*_: Any) -> None:
        pytest.fail("the framework was asked")

    async def quick(scope: Any, receive: Any, send: Any) -> None:
        await Shortcut(framework)(scope | {"app": pair.quick.app}, receive, send)

    by_url = "&".join([f"url={quote_plus('https://paper.example/story/3')}", query])
    assert ask(quick, f"/v1/articles/a003/{verb}", query)[0] == ask(quick, f"/v1/{verb}", by_url)[0] == 200


def test_what_was_answered_before_is_given_again_only_while_it_is_still_true(pair: Pair) -> None:
    rule = Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, "a002"), "A. Editor", "because", NOW, None)
    path = "/v1/articles/a003/similar"
    before = [pair.both(path, "k=15") for _ in range(3)]
    assert b"a002" in before[0][2]
    assert before[0] == before[1] == before[2]
    made = pair.store.desk.add(rule, "A. Editor", NOW)
    try:
        assert b"a002" not in pair.both(path, "k=15")[2]
        pair.store.put([article(3, status=Status.CANCELED)])
        assert pair.both(path, "k=15")[0] == 404
    finally:
        pair.store.put([article(3, byline="By Odo Quirk")])
        pair.store.desk.end(made.id, "A. Editor", "over", NOW)
    pair.both(path, "k=15")


def test_without_a_release_both_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    ArticleStore.open(url, create=True).close()
    with served(tmp_path / "releases", url, monkeypatch) as found:
        assert found.both("/v1/articles/a003/similar")[0] == 503
        assert found.both("/v1/articles/a003/similar", "k=0")[0] == 422


class Noted:
    """A layer around an application, as tracing adds one."""

    def __init__(self, app: Any, paths: list[str]) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Any, *more: Any) -> None:
        self._paths.append(scope.get("path", ""))
        await self._app(scope, *more)


@pytest.mark.parametrize("traced", [False, True])
def test_where_requests_are_traced_every_one_is_seen(pair: Pair, monkeypatch: pytest.MonkeyPatch, traced: bool) -> None:
    monkeypatch.setattr(service.app, "Shortcut", Shortcut)
    if traced:
        monkeypatch.setitem(sys.modules, "opentelemetry.sdk", ModuleType("opentelemetry.sdk"))
    app, paths = create_app(pair.quick.app.state.settings, NOW.timestamp), list[str]()  # type: ignore[attr-defined]
    app.add_middleware(Noted, paths=paths)
    with TestClient(app) as client:
        assert client.get("/v1/articles/a001/similar").status_code == 200
        assert client.get("/v1/articles/none/similar").status_code == 404
    alone = not traced and not pair.quick.app.state.settings.cors_origins  # type: ignore[attr-defined]
    seen = ["/v1/articles/none/similar"] if alone else ["/v1/articles/a001/similar", "/v1/articles/none/similar"]
    assert [path for path in paths if path.startswith("/v1")] == seen


def test_a_fault_on_the_short_way_is_logged_and_asked_of_the_framework(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("service.shortcut.meant", broken)
    assert pair.both("/v1/articles/a004/similar", "k=7")[0] == 200, "the framework's own way is whole"
    assert [record.getMessage() for record in caplog.records] == ["the short way failed, the framework's is asked"]
