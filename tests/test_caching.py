"""Caches: a client is told "you have it" when and only when it has, and nothing is kept longer than was promised."""

import asyncio
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.page import Page, Picks
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore
from service.app import create_app
from service.cache_keys import CacheKeys, control_header, key_headers, key_of
from service.caching import Passing, for_everybody, for_purged, has_it, patience, tag_of
from service.settings import Settings

N = 12
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)  # the store's own clock is behind it
PATHS = [
    "/v1/articles/a000/similar?k=5",
    "/v1/articles/a001/more-from-author",
    "/v1/articles/a002/coverage",
    "/v1/articles/a004/related?explain=true",
    "/v1/similar?url=https://paper.example/story/5&k=11",
    "/v1/related?url=https://paper.example/story/6",
]
OF_THE_BODY = {"content-length", "content-type"}
QUICK = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Clock:
    """Tells the time that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


@dataclass
class House:
    """A service, its store and its clock."""

    folder: Path
    client: TestClient
    store: ArticleStore
    clock: Clock

    def put(self, number: int, **fields: Any) -> None:
        self.store.put([article(number, **_signed(number), **fields)])

    def exclude(self, number: int, starts_at: datetime = NOW, ends_at: datetime | None = None) -> int:
        subject = Subject(Kind.ARTICLE, f"a{number:03}")
        rule = Rule(Action.EXCLUDE, subject, "A. Editor", "because", starts_at, ends_at)
        return self.store.desk.add(rule, "A. Editor", NOW).id

    @contextmanager
    def other(self, **changed: Any) -> Iterator[TestClient]:
        """Another service of the same paper."""
        given = Settings(self.folder / "releases", store=f"sqlite:///{self.folder / 'articles.db'}")
        with TestClient(create_app(replace(given, **changed), self.clock)) as client:
            yield client


def _signed(number: int) -> dict[str, Any]:
    return {"byline": "By Odo Quirk", "section": "sport"} if number % 2 else {}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)) as store:
        store.put([article(number, **_signed(number)) for number in range(N)])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    return folder


@pytest.fixture
def house(tmp_path: Path, night: Path) -> Iterator[House]:
    """A service whose caches may keep an answer for a minute, on a copy of that night."""
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    url, clock = f"sqlite:///{tmp_path / 'articles.db'}", Clock()
    given = Settings(tmp_path / "releases", store=url, poll_seconds=3600, cache_seconds=60, purged_seconds=86_400)
    with closing(ArticleStore.open(url)) as store, TestClient(create_app(given, clock)) as client:
        yield House(tmp_path, client, store, clock)


def ids_of(answer: dict[str, Any]) -> set[str]:
    lists = [answer[name] for name in ("items", "similar", "author", "coverage") if name in answer]
    return {answer["article_id"], *(item["id"] for one in lists for item in one)}


def seconds(control: str, name: str) -> int:
    found = re.search(rf"\b{name}=(\d+)", control)
    return int(found[1]) if found else 0


def kept(control: str) -> int:
    """The seconds for which a cache may show an answer, be it fresh or stale."""
    stale = max(seconds(control, "stale-while-revalidate"), seconds(control, "stale-if-error"))
    return seconds(control, "max-age") + stale


# --- 304 ---


@given(data=st.data())
@QUICK
def test_a_client_is_told_that_it_has_an_answer_just_when_the_bytes_are_the_same(
    house: House, data: st.DataObject
) -> None:
    known: dict[str, httpx.Response] = {}
    for _ in range(data.draw(st.integers(1, 8))):
        number = data.draw(st.integers(0, N - 1))
        what = data.draw(st.sampled_from(["exclude", "soon", "down", "expires", "back", "later"]))
        if what == "exclude":
            house.exclude(number)
        elif what == "soon":
            house.exclude(number, house.clock.now + timedelta(seconds=7), house.clock.now + timedelta(seconds=50))
        elif what == "down":
            house.put(number, status=Status.CANCELED)
        elif what == "expires":
            house.put(number, expires_at=house.clock.now + timedelta(seconds=5))
        elif what == "back":
            house.put(number)
        else:
            house.clock.now += timedelta(seconds=data.draw(st.integers(1, 20)))
        for path in PATHS:
            has = {"If-None-Match": known[path].headers["etag"]} if path in known else {}
            again, fresh = house.client.get(path, headers=has), house.client.get(path)  # memory must not learn first
            if fresh.status_code != 200:
                assert again.status_code == fresh.status_code
                continue
            same = path in known and known[path].content == fresh.content
            assert (again.status_code, again.content) == ((304, b"") if same else (200, fresh.content))
            wanted = {name: value for name, value in fresh.headers.items() if name not in OF_THE_BODY}
            assert {name: value for name, value in again.headers.items() if name not in OF_THE_BODY} == wanted
            known[path] = fresh


@pytest.mark.parametrize("how", ["exclude", "down", "expires"])
def test_what_leaves_a_list_leaves_those_who_have_it_at_their_next_question(house: House, how: str) -> None:
    before = {path: house.client.get(path) for path in PATHS}
    gone = "a003"
    assert sum(gone in ids_of(found.json()) for found in before.values()) >= 3
    if how == "exclude":
        house.exclude(3)
    elif how == "down":
        house.put(3, status=Status.CANCELED)
    else:
        house.put(3, expires_at=NOW + timedelta(seconds=5))
        house.clock.now += timedelta(seconds=5)
    for path, found in before.items():
        again = house.client.get(path, headers={"If-None-Match": found.headers["etag"]})
        if gone in ids_of(found.json()):
            assert again.status_code == 200
            assert gone not in ids_of(again.json())
            assert again.headers["etag"] != found.headers["etag"]


def test_what_time_alone_takes_away_is_no_304(house: House) -> None:
    house.put(3, expires_at=NOW + timedelta(seconds=5))
    before = [house.client.get(path) for path in PATHS]
    house.clock.now += timedelta(seconds=5)
    for path, found in zip(PATHS, before, strict=True):
        again = house.client.get(path, headers={"If-None-Match": found.headers["etag"]})
        assert again.status_code == (200 if "a003" in ids_of(found.json()) else 304)


def test_a_page_that_is_taken_down_is_no_304_for_those_who_have_its_lists(house: House) -> None:
    tag = house.client.get(PATHS[0]).headers["etag"]
    house.put(0, status=Status.CANCELED)
    for value in (tag, "*"):
        assert house.client.get(PATHS[0], headers={"If-None-Match": value}).status_code == 404


@pytest.mark.parametrize(
    ("values", "has"),
    [
        (["{tag}"], True),
        (["W/{tag}"], True),
        (['"other", W/"more", {tag}'], True),
        (['"other",{tag},"more"'], True),
        (['"other"', "{tag}"], True),
        (["*"], True),
        ([" * "], True),
        ([], False),
        ([""], False),
        (['"other", "{bare}x"'], False),
        (["{bare}"], False),  # no quotes: no tag
        (['"*"'], False),
        (['"unclosed *'], False),
        (['"a, b", W/"*"'], False),
    ],
)
def test_if_none_match_is_a_list_of_tags_that_are_compared_weakly(house: House, values: list[str], has: bool) -> None:
    tag = house.client.get(PATHS[0]).headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{24}"', tag)
    headers = [("If-None-Match", value.format(tag=tag, bare=tag.strip('"'))) for value in values]
    assert house.client.get(PATHS[0], headers=headers).status_code == (304 if has else 200)


@given(st.lists(st.text(st.characters(max_codepoint=255, exclude_characters='"')), max_size=5), st.binary())
def test_a_tag_is_found_among_any_others_and_only_there(others: list[str], body: bytes) -> None:
    tag = tag_of(body)
    named = [f'W/"{other}"' for other in others]
    assert has_it([", ".join([*named, tag])], tag)
    assert not has_it([", ".join(named)], tag)


def test_workers_that_began_at_different_moments_give_one_tag(house: House) -> None:
    house.exclude(3)
    first = [house.client.get(path).headers["etag"] for path in PATHS]
    house.clock.now += timedelta(seconds=90)
    with house.other() as client:
        assert [client.get(path).headers["etag"] for path in PATHS] == first
    assert [house.client.get(path).headers["etag"] for path in PATHS] == first


def test_who_has_an_answer_is_told_so_without_its_list_being_made_while_it_cannot_have_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, moving = "/v1/articles/a000/similar?k=5", "/v1/articles/a000/similar?k=5&published_after=30d"
    long = f"{steady}&{'&'.join(['exclude=x'] * 100)}"  # not worth the memory
    has = [{"If-None-Match": house.client.get(path).headers["etag"]} for path in (steady, moving, long)]
    calls: list[str] = []
    similar = Page.similar

    def counted(self: Page, *given: Any, **more: Any) -> Picks:
        calls.append(self.release.ids[self.row])
        return similar(self, *given, **more)

    monkeypatch.setattr(Page, "similar", counted)
    for path, headers, made in zip((steady, moving, long), has, (0, 1, 1), strict=True):
        assert house.client.get(path, headers=headers).status_code == 304
        assert len(calls) == made
        calls.clear()
    house.exclude(9)
    assert house.client.get(steady, headers=has[0]).status_code in (200, 304)
    assert calls == ["a000"]


# --- how long ---

_WORTH, _LASTS = st.integers(1, 86_400), st.floats(0.001, 1000) | st.floats(0.001, 1e9) | st.just(inf)
_SECONDS = st.integers(0, 86_400)


@given(_SECONDS, _SECONDS, _WORTH, _LASTS)
@example(1, 0, 60, inf)
@example(60, 600, 60, 0.5)
def test_no_header_lets_a_cache_show_an_answer_longer_than_was_promised(
    everybody: int, purged: int, worth: int, lasts: float
) -> None:
    given = Settings(Path("x"), cache_seconds=everybody, purged_seconds=purged)
    control, targeted = for_everybody(given, worth, lasts), for_purged(given, worth, lasts)
    assert kept(control) <= min(everybody, worth, lasts)
    assert kept(targeted) <= lasts
    assert seconds(targeted, "max-age") <= min(purged, worth, lasts)
    bounds = ("max-age=" in control, "no-store" in control, "no-cache" in control)
    assert sum(bounds) == 1  # a cache that is told nothing guesses
    assert "no-store" in control or lasts >= 1


@given(st.sampled_from(CacheKeys), _SECONDS, _SECONDS, _WORTH, _LASTS)
@example(CacheKeys.SURROGATE_KEY, 0, 60, 60, 86_460.5)
def test_headers_that_were_written_before_say_what_is_to_be_said_now(
    keys: CacheKeys, everybody: int, purged: int, worth: int, lasts: float
) -> None:
    given = Settings(Path("x"), cache_seconds=everybody, purged_seconds=purged, cache_keys=keys)
    said = {"cache-control": for_everybody(given, worth, lasts)}
    said |= {k.lower(): v for k, v in control_header(keys, for_purged(given, worth, lasts)).items()}
    passing = Passing(given)
    for later in (lasts, lasts):  # the second time from what is known
        found = {name.decode(): value.decode() for name, value in passing.headers(worth, later)}
        assert found == said


def test_by_default_a_takedown_has_left_every_cache_after_one_second(house: House) -> None:
    with house.other() as client:
        for path in PATHS:
            headers = client.get(path).headers
            assert headers["cache-control"] == "public, max-age=1, must-revalidate"
            assert not {"surrogate-control", "cdn-cache-control"} & set(headers)


def test_caches_that_may_keep_nothing_still_ask_whether_they_have_it(house: House) -> None:
    with house.other(cache_seconds=0) as client:
        found = client.get(PATHS[0])
        assert found.headers["cache-control"] == "public, no-cache"
        assert client.get(PATHS[0], headers={"If-None-Match": found.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("how", ["expiry", "embargo", "rule begins", "rule ends"])
def test_nothing_is_kept_beyond_the_moment_at_which_something_begins_or_ends(house: House, how: str) -> None:
    moment = NOW + timedelta(seconds=40)
    if how == "expiry":
        house.put(3, expires_at=moment)
    elif how == "embargo":
        house.put(3, embargoed_until=moment)
    else:
        house.exclude(3, *((moment, None) if how == "rule begins" else (NOW, moment)))
    for at in (0, 1, 9.5, 20, 38, 39, 39.5, 39.999):
        house.clock.now = NOW + timedelta(seconds=at)
        for path in PATHS:
            headers = house.client.get(path).headers
            assert kept(headers["cache-control"]) <= 40 - at
            assert kept(headers.get("surrogate-control", "")) <= 40 - at
            if at > 39:
                assert headers["cache-control"] == "no-store"
                assert "surrogate-control" not in headers
    house.clock.now = moment
    assert kept(house.client.get(PATHS[0]).headers["cache-control"]) > 1


def test_old_answers_are_kept_longer_and_those_that_lack_something_shortest(house: House) -> None:
    ages = [timedelta(hours=1), timedelta(hours=7), timedelta(days=4), timedelta(days=20)]
    found = []
    for age in ages:  # the youngest article that there is, is the page or in the list
        house.clock.now = datetime(2026, 1, 12, tzinfo=UTC) + age
        found.append(house.client.get("/v1/articles/a011/similar?k=3").headers)
    assert [seconds(one["surrogate-control"], "max-age") for one in found] == [60, 300, 3600, 21_600]
    assert [seconds(one["surrogate-control"], "stale-if-error") for one in found] == [86_400] * 4
    assert {one["cache-control"] for one in found} == {
        "public, max-age=30, stale-while-revalidate=30, stale-if-error=30"
    }
    empty = house.client.get("/v1/articles/a002/coverage?section=nowhere")
    assert empty.json()["items"] == []
    assert kept(empty.headers["cache-control"]) == seconds(empty.headers["surrogate-control"], "max-age") == 10


def test_an_undated_answer_is_an_old_one() -> None:
    assert patience(True, inf) == patience(True, 1e9) > patience(True, 0) > patience(False, inf)


# --- keys ---


def test_every_article_that_an_answer_shows_is_among_its_keys(house: House) -> None:
    for path in PATHS:
        found = house.client.get(path)
        keys = found.headers["surrogate-key"].split(" ")
        assert sorted(keys) == sorted({"lists", *(key_of(shown) for shown in ids_of(found.json()))})


@pytest.mark.parametrize(
    ("keys", "header", "between", "control"),
    [
        (CacheKeys.SURROGATE_KEY, "surrogate-key", " ", "surrogate-control"),
        (CacheKeys.CACHE_TAG, "cache-tag", ",", "cdn-cache-control"),
        (CacheKeys.XKEY, "xkey", " ", "surrogate-control"),
    ],
)
def test_each_kind_of_cache_is_spoken_to_in_its_own_headers(
    house: House, keys: CacheKeys, header: str, between: str, control: str
) -> None:
    others = {"surrogate-key", "cache-tag", "xkey", "surrogate-control", "cdn-cache-control"} - {header, control}
    with house.other(cache_keys=keys, purged_seconds=600) as client:
        headers = client.get(PATHS[0]).headers
    assert headers[header].split(between)[:2] == ["lists", "a-a000"]
    assert seconds(headers[control], "max-age") > 0
    assert not others & set(headers)


def test_keys_can_be_left_out_and_then_no_cache_is_told_more_than_everybody(house: House) -> None:
    with house.other(cache_keys=CacheKeys.NONE, purged_seconds=600) as client:
        usual = {"cache-control", "content-length", "content-type", "etag", "x-content-type-options"}
        assert set(client.get(PATHS[0]).headers) == usual


@given(st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=301))
@example([f"{n}{'é ,' * 200}" for n in range(301)])
@example(["lists", "a-x", "%20", " ", "a,b", "\ud800", "É", "é"])
def test_keys_are_words_of_their_own_and_fit_into_a_header(ids: list[str]) -> None:
    for keys, between in ((CacheKeys.SURROGATE_KEY, " "), (CacheKeys.CACHE_TAG, ",")):
        (value,) = key_headers(keys, ids).values()
        found = value.split(between)
        assert len(set(found)) == len(ids) + 1
        assert all(re.fullmatch(r"[\w.~%-]{1,40}", key, re.ASCII) for key in found)
        assert len(value) < 16_384


# --- HEAD, origins ---


def test_head_is_get_without_the_body_on_every_route_that_reads(house: House) -> None:
    absent = ["/v1/articles/none/similar", "/v1/articles/a000/similar?k=0", "/nothing"]
    for path in [*PATHS, *absent, "/health/live", "/health/ready", "/openapi.json"]:
        got, head = house.client.get(path), house.client.head(path)
        assert (head.status_code, head.headers, head.content) == (got.status_code, got.headers, b"")
        assert int(head.headers["content-length"]) > 0
    tag = house.client.get(PATHS[0]).headers["etag"]
    assert house.client.head(PATHS[0], headers={"If-None-Match": tag}).status_code == 304


def test_the_application_itself_keeps_the_body_of_head_back(house: House) -> None:
    scope = {
        "type": "http", "http_version": "1.1", "method": "HEAD", "scheme": "http", "path": "/health/live",
        "query_string": b"", "headers": [],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(house.client.app(scope, receive, send))  # type: ignore[arg-type]
    assert (sent[0]["status"], b"".join(message.get("body", b"") for message in sent)) == (200, b"")


def test_a_connection_goes_on_after_head_and_304(house: House) -> None:
    server = uvicorn.Server(uvicorn.Config(house.client.app, port=0, lifespan="off", log_level="error"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
        got = client.get(PATHS[0])
        assert got.headers["content-length"] == client.head(PATHS[0]).headers["content-length"]
        same = client.get(PATHS[0], headers={"If-None-Match": got.headers["etag"]})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", got.headers["etag"])
        assert client.get(PATHS[0]).content == got.content
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    ("origins", "ours", "others"), [("https://paper.example", "https://paper.example", None), ("*", "*", "*")]
)
def test_a_cache_never_gives_one_origin_what_was_meant_for_another(
    house: House, origins: str, ours: str, others: str | None
) -> None:
    with house.other(cors_origins=(origins,)) as client:
        tag = client.get(PATHS[0]).headers["etag"]
        for origin, allowed in ((None, None), ("https://paper.example", ours), ("https://other.example", others)):
            asked = {} if origin is None else {"Origin": origin}
            for more, status in (({}, 200), ({"If-None-Match": tag}, 304)):
                found = client.get(PATHS[0], headers=asked | more)
                assert found.status_code == status
                assert origin is None or found.headers.get("access-control-allow-origin") == allowed
                assert found.headers["vary"] == "Origin"
