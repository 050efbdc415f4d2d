"""The newsroom's routes: articles in, changed, taken down and put back over HTTP, under conditions."""

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import service.office
from index.nightly import NightlyConfig, nightly
from recsys.articles import Article, AuthorName, Image, Status
from recsys.edits import Edits
from recsys.errors import StoreError
from recsys.keys import Scope
from recsys.records import Unusable, patch
from recsys.records.patch import merged
from recsys.store import ArticleStore
from recsys.waits import Waits
from service import schemas
from service.app import create_app
from service.article_body import LARGEST, MOST
from service.settings import Settings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EARLY, LATE = "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"


@dataclass
class Newsroom:
    """A service, its store and a key for articles."""

    client: TestClient
    store: ArticleStore
    secret: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, **more)

    def put(self, key: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        return self.ask("PUT", path_of(key), json={"title": "t"} | fields, headers=headers or {})

    def patch(self, key: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        return self.ask("PATCH", path_of(key), json=fields, headers=headers or {})

    def stored(self, key: str) -> schemas.Stored:
        response = self.ask("GET", path_of(key))
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        found = schemas.Stored.model_validate_json(response.content)
        assert response.headers["etag"] == f'"{found.digest}"'
        return found

    def shown(self, of: int = 0) -> set[str]:
        answer = self.client.get(f"/v1/articles/a{of:03}/similar?k=100").json()
        return {item["id"] for item in answer["items"]}


def path_of(key: str) -> str:
    return f"/v1/articles/{quote(key, safe='/')}"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)) as store:
        store.put([*(article(n) for n in range(10)), article(11, id="x/similar")])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    return folder


@pytest.fixture
def room(tmp_path: Path, night: Path) -> Iterator[Newsroom]:
    """A service that looks by itself once an hour, on a copy of that night."""
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    app = create_app(Settings(tmp_path / "releases", store=url, poll_seconds=3600), NOW.timestamp)
    with closing(ArticleStore.open(url)) as store, TestClient(app, raise_server_exceptions=False) as client:
        _, secret = store.keys.make("The CMS", [Scope.ARTICLES], who="admin")
        yield Newsroom(client, store, secret)


def written(response: httpx.Response, status: int, outcome: str) -> schemas.Written:
    assert response.status_code == status, response.text
    assert response.headers["cache-control"] == "no-store"
    found = schemas.Written.model_validate_json(response.content)
    assert found.outcome == outcome
    assert response.headers["etag"] == f'"{found.digest}"'
    assert ("location" in response.headers) is (status == 201)
    return found


def problem(response: httpx.Response, status: int, kind: str) -> schemas.Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = schemas.Problem.model_validate_json(response.content)
    assert found.type == f"urn:problem-type:{kind}"
    return found


# --- PUT and GET ---


def test_who_wrote_an_article_is_kept_with_it_and_each_write_is_a_line_of_the_service_log(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert room.stored("a001").written_by is None
    room.store.put([article(1, title="x")], who="ingest old.jsonl")
    assert room.stored("a001").written_by == "ingest old.jsonl"
    at = room.store.change()
    room.put("a001", title="1")
    assert room.stored("a001").written_by == "The CMS"
    room.put("a001", title="1")
    room.store.put([article(1, title="x")], who="ingest old.jsonl")
    room.patch("a001", title="2")
    assert room.stored("a001").written_by == "The CMS"
    room.ask("POST", "/v1/articles:batch", json=[{"id": "a001", "title": "3"}, {"id": "b"}])
    assert [record.getMessage() for record in caplog.records if record.name == "service.newsroom"] == [
        f"'The CMS' put 'a001': changed, change {at + 1}",
        f"'The CMS' put 'a001': unchanged, change {at + 1}",
        f"'The CMS' patched 'a001': changed, change {at + 3}",
        "'The CMS' put 2 articles: {'changed': 1, 'refused': 1}",
    ]
    assert {entry.what for entry in room.store.desk.log()} == {"key made"}


def test_an_article_is_new_then_unchanged_then_changed_and_reads_back_as_it_was_cleaned(room: Newsroom) -> None:
    before = room.store.change()
    sent = {"title": "<b>Fire</b> &amp; flood", "body": '<p>See <a href="/x">this</a></p>', "url": "https://p.example/a",
            "authors": [{"name": "Ann Lee", "id": 7}], "published_at": EARLY, "evergreen": "yes"}  # fmt: skip
    response = room.put("new/one two", **sent)
    found = written(response, 201, "new")
    assert response.headers["location"] == "/v1/articles/new/one%20two"
    assert (found.id, found.change, found.taken_down, found.warnings) == ("new/one two", before + 1, False, [])
    again = written(room.put("new/one two", id=" new/one two ", **sent), 200, "unchanged")
    assert (again.digest, again.change) == (found.digest, found.change)
    stored = room.stored("new/one two")
    kept = room.store.get("new/one two")
    assert kept is not None
    assert (kept.title, kept.body, kept.authors, kept.evergreen) == (
        "Fire & flood",
        "See this",
        (AuthorName("Ann Lee", "7"),),
        True,
    )
    assert room.store.links(kept.id) == ("https://p.example/x",)
    assert msgspec.convert(msgspec.to_builtins(stored.article.model_dump(mode="json")), Article, strict=False) == kept
    assert (stored.digest, stored.change, stored.changed_at, stored.takedown) == (found.digest, before + 1, NOW, None)
    changed = written(room.put("new/one two", title="Fire"), 200, "changed")
    assert changed.digest != found.digest
    assert room.store.links(kept.id) == ()
    assert room.store.change() == before + 2


def test_a_write_is_in_force_here_when_it_is_answered(room: Newsroom) -> None:
    assert "a003" in room.shown()
    room.put("a003", title="Story 3", status="withheld")
    assert "a003" not in room.shown()
    room.patch("a003", status=None)
    assert "a003" in room.shown()


def test_no_request_has_to_come_for_a_write_to_be_in_force(room: Newsroom) -> None:
    live = room.client.app.state.live  # type: ignore[attr-defined]
    for method, path in [route for route in ROUTES if route[0] != "GET"]:
        body: Any = [{"id": "b", "title": "t"}] if method == "POST" else {"title": method}
        room.store.put([article(9, title=method + path)])  # so that there is something to follow in each case
        room.ask(method, path, json=body)
        assert live.view.overlay.upto == room.store.change(), (method, path)


def test_what_was_read_with_doubt_comes_back_as_warnings(room: Newsroom) -> None:
    found = written(
        room.put("w", embargoed_until="10/11/2026", titel="x", byline="A", published_at="yesterday-ish"), 201, "new"
    )
    assert found.warnings == [
        "embargoed_until unreadable, so withheld", "published_at unreadable or absurd", "titel unknown, ignored",
    ]  # fmt: skip
    assert room.stored("w").article.status is Status.WITHHELD


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"title": ""}, "body.title"),
        ({}, "body.title"),
        ({"title": 7}, "body.title"),
        ({"title": "t", "id": "other"}, "body.id"),
        ({"title": "t", "id": []}, "body.id"),
        ({"title": "t", "status": "gone"}, "body.status"),
        ({"title": "t", "authors": 3}, "body.authors"),
        ({"title": "t", "tags": {}}, "body.tags"),
        ({"title": "t", "published_at": []}, "body.published_at"),
        ({"title": "t", "image": 3}, "body.image"),
        ([], "body"),
        (None, "body"),
        ("x", "body"),
    ],
)
def test_what_is_no_article_is_refused_with_the_field(room: Newsroom, body: Any, where: str) -> None:
    found = problem(room.ask("PUT", "/v1/articles/n", content=msgspec.json.encode(body)), 422, "bad-parameters")
    assert [error.where for error in found.errors] == [where]
    assert found.errors[0].reason
    assert room.store.get("n") is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_body_that_is_too_large_or_no_json_is_refused(room: Newsroom, method: str) -> None:
    for raw in (b"", b"{", b"\xff", b"[" * 100_000, b'{"title":"\\ud800"}', b'{"title":NaN}'):
        problem(room.ask(method, "/v1/articles/a001", content=raw), 422, "bad-parameters")
    problem(room.ask(method, "/v1/articles/a001", content=b" " * (LARGEST + 1)), 413, "body-too-large")
    fits = b'{"title":"t"}'.ljust(LARGEST)
    assert room.ask(method, "/v1/articles/a001", content=fits).status_code == 200


@pytest.mark.parametrize("key", ["%00", "a%09b", "%20", "x" * 501])
def test_an_id_that_no_article_can_have_is_refused(room: Newsroom, key: str) -> None:
    for method in ("PUT", "PATCH", "DELETE", "GET"):
        found = problem(room.ask(method, f"/v1/articles/{key}", json={"title": "t"}), 422, "bad-parameters")
        assert found.errors[0].where == "path.article_id"


# --- conditions ---


def test_an_older_version_does_not_replace_a_newer_one(room: Newsroom) -> None:
    written(room.put("n", title="late", updated_at=LATE), 201, "new")
    found = problem(room.put("n", title="early", updated_at=EARLY), 409, "stale-article")
    assert "2026-04-02" in found.detail
    problem(room.patch("n", updated_at=EARLY), 409, "stale-article")
    assert room.stored("n").article.title == "late"
    written(room.put("n", title="same second", updated_at=LATE), 200, "changed")
    etag = f'"{room.stored("n").digest}"'
    written(room.put("n", {"If-Match": etag}, title="early", updated_at=EARLY), 200, "changed")
    written(room.patch("n", {"If-Match": "*"}, updated_at="2026-03-01"), 200, "changed")
    assert room.stored("n").article.title == "early"


def test_if_match_writes_over_just_that_version_and_can_be_sent_again(room: Newsroom) -> None:
    first = written(room.put("n", title="1"), 201, "new").digest
    header = {"If-Match": f'"other", "{first}"'}
    second = written(room.put("n", header, title="2"), 200, "changed").digest
    written(room.put("n", header, title="2"), 200, "unchanged")  # the answer was lost, the CMS asks again
    response = room.put("n", header, title="3")
    problem(response, 412, "precondition-failed")
    assert response.headers["etag"] == f'"{second}"'
    for tag in (f'W/"{second}"', second, '""', "nonsense"):
        problem(room.put("n", {"If-Match": tag}, title="3"), 412, "precondition-failed")
        problem(room.patch("n", {"If-Match": tag}, title="3"), 412, "precondition-failed")
    problem(room.put("none", {"If-Match": "*"}), 412, "precondition-failed")
    assert room.store.get("none") is None
    assert room.stored("n").article.title == "2"


def test_if_none_match_only_makes_new_articles(room: Newsroom) -> None:
    written(room.put("n", {"If-None-Match": "*"}), 201, "new")
    problem(room.put("n", {"If-None-Match": "*"}, title="2"), 412, "precondition-failed")
    found = problem(room.put("n", {"If-None-Match": '"x"'}), 422, "bad-parameters")
    assert found.errors[0].where == "header.if-none-match"


# --- PATCH ---

FULL = Article(
    id="n",
    title="Tom &amp; <b>Jerry</b>",
    url="https://p.example/n",
    standfirst="s",
    body="1 < 2 &amp; <i>so</i> on",
    byline="By Ann",
    authors=(AuthorName("Ann", "7"),),
    section="a/b",
    tags=("x", "y"),
    published_at=NOW,
    updated_at=NOW,
    language="en",
    image=Image("https://p.example/i.jpg", "alt"),
    embargoed_until=NOW,
    expires_at=NOW,
    recommendable=False,
    show_related=False,
    evergreen=True,
)


def test_a_patch_changes_what_it_names_and_nothing_else(room: Newsroom) -> None:
    room.store.put([FULL], [["https://p.example/x"]])
    written(room.patch("n"), 200, "unchanged")
    for changes, wanted in (
        ({"section": " News / Local "}, {"section": "News/Local"}),
        ({"image": {"alt": "new"}}, {"image": Image("https://p.example/i.jpg", "new")}),
        ({"image": {"alt": None}}, {"image": Image("https://p.example/i.jpg", "")}),
        ({"image": None}, {"image": None}),
        ({"authors": [{"name": "Bo"}]}, {"authors": (AuthorName("Bo"),)}),
        ({"authors": "By Cy"}, {"authors": (), "byline": "By Cy"}),
        ({"tags": None, "language": None}, {"tags": (), "language": ""}),
        ({"evergreen": None, "recommendable": None}, {"evergreen": False, "recommendable": True}),
        ({"embargoed": None}, {"embargoed_until": None}),
        ({"pubstatus": "canceled"}, {"status": Status.CANCELED}),
        ({"status": "usable", "expires_at": "soon"}, {"status": Status.WITHHELD, "expires_at": None}),
        ({"updated_at": "2026-06-01"}, {"updated_at": datetime(2026, 6, 1, tzinfo=UTC)}),
    ):  # fmt: skip
        before = room.store.get("n")
        assert before is not None
        written(room.patch("n", **changes), 200, "changed")
        assert room.store.get("n") == replace(before, **wanted)
        written(room.patch("n", **changes), 200, "unchanged")
    assert room.store.links("n") == ("https://p.example/x",)
    room.patch("n", body='<a href="/y">y</a>')
    assert room.store.links("n") == ("https://p.example/y",)


def test_a_patch_of_no_article_or_of_no_field_is_refused(room: Newsroom) -> None:
    problem(room.patch("none", title="t"), 404, "article-not-found")
    refused = [
        ({"titel": "x"}, "titel"), ({"title": None}, "title"), ({"id": "b"}, "id"), ({"status": "?"}, "status"),
        ({"expires": 1, "expires_at": 2}, "expires_at"),
    ]  # fmt: skip
    for changes, field in refused:
        found = problem(room.patch("a001", **changes), 422, "bad-parameters")  # type: ignore[arg-type]
        assert [error.where for error in found.errors] == [f"body.{field}"]
    problem(room.ask("PATCH", "/v1/articles/a001", json=[]), 422, "bad-parameters")
    assert room.store.get("a001") == article(1)


def test_two_patches_at_once_are_both_kept(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, others = Edits.put, iter("123")

    def after_another(self: Edits, *arguments: Any) -> Any:
        if (other := next(others, None)) is not None:
            stored = room.store.edits.get("a001")
            assert stored is not None
            room.store.put([replace(stored.article, section=other)])
        return plain(self, *arguments)

    monkeypatch.setattr(Edits, "put", after_another)
    written(room.patch("a001", title="new"), 200, "changed")
    kept = room.store.get("a001")
    assert kept is not None
    assert (kept.title, kept.section) == ("new", "3")


def test_a_patch_that_always_comes_too_late_gives_up(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, numbers = Edits.put, iter(range(1000))

    def after_another(self: Edits, *arguments: Any) -> Any:
        room.store.put([article(1, section=str(next(numbers)))])
        return plain(self, *arguments)

    monkeypatch.setattr(Edits, "put", after_another)
    problem(room.patch("a001", title="new"), 412, "precondition-failed")


TARGETS = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda one: st.lists(one, max_size=2) | st.dictionaries(st.sampled_from("ab"), one, max_size=2),
    max_leaves=6,
)


@given(TARGETS, st.data())
def test_merging_twice_is_merging_once_and_leaves_its_arguments_alone(target: object, data: st.DataObject) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(), max_size=3))
    before = msgspec.json.encode([target, changes])
    once = merged(target, changes)
    assert merged(once, changes) == once
    assert msgspec.json.encode([target, changes]) == before
    assert isinstance(once, dict)
    assert all((name in once) is (value is not None) for name, value in changes.items())


# --- taking down ---


def test_a_takedown_is_out_of_every_list_and_back_when_it_is_lifted(room: Newsroom) -> None:
    assert "a003" in room.shown()
    response = room.ask("DELETE", "/v1/articles/a003", params={"reason": "court order"})
    assert response.status_code == 200, response.text
    made = schemas.Takedown.model_validate_json(response.content)
    assert (made.article_id, made.at, made.who, made.reason) == ("a003", NOW, "The CMS", "court order")
    assert "a003" not in room.shown()
    problem(room.client.get("/v1/articles/a003/similar"), 404, "article-withdrawn")
    assert room.ask("DELETE", "/v1/articles/a003").json() == response.json()
    assert written(room.put("a003", title="Newer"), 200, "changed").taken_down
    assert "a003" not in room.shown()
    assert room.stored("a003").takedown == made
    assert room.stored("a003").article.status is Status.USABLE
    listed = schemas.Takedowns.model_validate_json(room.ask("GET", "/v1/takedowns").content)
    assert listed.takedowns == [made]
    lifted = room.ask("DELETE", "/v1/takedowns/a003")
    assert schemas.Takedown.model_validate_json(lifted.content) == made
    assert "a003" in room.shown()
    problem(room.ask("DELETE", "/v1/takedowns/a003"), 404, "takedown-not-found")
    assert [entry.details["reason"] for entry in room.store.desk.log()[:2]] == [
        "with the key of The CMS",
        "court order",
    ]


def test_an_article_can_be_taken_down_before_it_comes(room: Newsroom) -> None:
    assert room.ask("DELETE", "/v1/articles/later/one").status_code == 200
    problem(room.ask("GET", "/v1/articles/later/one"), 404, "article-not-found")
    assert written(room.put("later/one"), 201, "new").taken_down


def test_a_reason_must_be_one(room: Newsroom) -> None:
    for path in ("/v1/articles/a003", "/v1/takedowns/a003"):
        for query in ("?reason=", "?reason=%20", f"?reason={'x' * 501}", "?why=x"):
            problem(room.ask("DELETE", path + query), 422, "bad-parameters")
    assert "a003" in room.shown()


# --- batches ---


def test_each_of_a_batch_has_its_own_outcome_and_all_good_ones_are_stored(room: Newsroom) -> None:
    room.put("late", title="late", updated_at=LATE)
    room.store.takedowns.take_down("down", "A. Editor", "court order")
    before = room.store.change()
    sent = [
        {"id": "n", "title": "1", "extra": 1}, {"id": "n", "title": "2"}, {"id": "n", "title": "2"},
        {"id": "b", "title": ""}, {"title": "t"}, 7,
        {"id": "late", "title": "early", "updated_at": EARLY}, {"id": "down", "title": "t"},
    ]  # fmt: skip
    response = room.ask("POST", "/v1/articles:batch", json=sent)
    assert response.status_code == 200, response.text
    found = schemas.WrittenAll.model_validate_json(response.content).articles
    assert [(one.id, one.status, one.outcome) for one in found] == [
        ("n", 201, "new"), ("n", 200, "changed"), ("n", 200, "unchanged"), ("b", 422, "refused"),
        ("", 422, "refused"), ("", 422, "refused"), ("late", 409, "refused"), ("down", 201, "new"),
    ]  # fmt: skip
    assert [error.where for one in found for error in one.errors] == [
        "body.3.title",
        "body.4.id",
        "body.5",
        "body.6.updated_at",
    ]
    assert "extra unknown, ignored" in found[0].warnings
    assert [one.change for one in found] == [before + 1, before + 2, before + 2, 0, 0, 0, 0, before + 3]
    assert [one.taken_down for one in found] == [False] * 7 + [True]
    stored = room.stored("n")
    assert (stored.article.title, stored.digest) == ("2", found[2].digest)


def test_a_batch_has_a_size(room: Newsroom) -> None:
    def batch(raw: bytes) -> httpx.Response:
        return room.ask("POST", "/v1/articles:batch", content=raw)

    assert batch(b"[]").json() == {"articles": []}
    many = [{"id": f"m{n}", "title": "t"} for n in range(MOST + 1)]
    problem(batch(msgspec.json.encode(many)), 413, "body-too-large")
    assert room.store.get("m0") is None
    assert len(batch(msgspec.json.encode(many[:-1])).json()["articles"]) == MOST
    problem(batch(b" " * (LARGEST + 1)), 413, "body-too-large")
    for raw in (b"", b"{}", b"null", b'"x"', b'{"id": "a"}'):
        problem(batch(raw), 422, "bad-parameters")


# --- who may, and where else ---

ROUTES = [
    ("PUT", "/v1/articles/a001"), ("PATCH", "/v1/articles/a001"), ("DELETE", "/v1/articles/a001"),
    ("GET", "/v1/articles/a001"), ("GET", "/v1/articles?id=a001"), ("POST", "/v1/articles:batch"),
    ("GET", "/v1/takedowns"), ("DELETE", "/v1/takedowns/a001"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_good_key_nothing_opens(room: Newsroom, method: str, path: str) -> None:
    _, other = room.store.keys.make("A. Editor", [Scope.RULES, Scope.EXPLAIN], who="admin")
    change = room.store.change()
    for secret, status, kind in (
        (None, 401, "key-missing"),
        ("nr_x", 401, "key-refused"),
        (other, 403, "key-lacks-scope"),
    ):
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        response = room.client.request(method, path, headers=headers, content=b" " * (LARGEST + 1))
        problem(response, status, kind)
        assert response.headers["www-authenticate"]
    assert (room.store.change(), room.store.takedowns.standing()) == (change, ())


def test_no_key_is_in_any_log_or_answer(
    room: Newsroom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [room.ask(method, path, content=b"{") for method, path in ROUTES]
    for error in (StoreError("the disk is full"), RuntimeError("a fault")):
        monkeypatch.setattr(Edits, "get", raising(error))
        answers.append(room.ask("GET", "/v1/articles/a001"))
    assert [answer.status_code for answer in answers[-2:]] == [503, 500]
    told = caplog.text + "".join(answer.text + str(answer.headers) for answer in answers)
    assert room.secret.removeprefix("nr_") not in told


def raising(error: Exception) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise error

    return fails


def test_reading_needs_no_key_and_its_routes_win(room: Newsroom) -> None:
    for verb in ("similar", "more-from-author", "coverage", "related"):
        assert room.client.get(f"/v1/articles/a001/{verb}").status_code == 200
        assert "article_id" in room.client.get(f"/v1/articles/a001/{verb}").json()
    problem(room.client.get("/v1/articles/a001/explain?other=a002"), 401, "key-missing")
    problem(room.ask("GET", "/v1/articles/a001/explain?other=a002"), 403, "key-lacks-scope")
    assert room.client.get("/v1/articles/x/similar/similar").json()["article_id"] == "x/similar"
    problem(room.ask("GET", "/v1/articles/x/similar"), 404, "article-not-found")  # of "x", the list
    found = room.ask("GET", "/v1/articles", params={"id": "x/similar"})
    assert schemas.Stored.model_validate_json(found.content).article.id == "x/similar"
    written(room.put("x/similar", title="2"), 200, "changed")
    written(room.patch("x/similar", title="3"), 200, "changed")
    assert room.ask("DELETE", "/v1/articles/x/similar").json()["article_id"] == "x/similar"
    assert "x/similar" not in room.shown()


def test_without_a_store_there_is_no_newsroom(night: Path) -> None:
    with TestClient(create_app(Settings(night / "releases"))) as client:
        for method, path in ROUTES:
            assert client.request(method, path).status_code == 404
        assert not [
            path for path in client.get("/openapi.json").json()["paths"] if "takedown" in path or "batch" in path
        ]


def test_pages_of_other_origins_cannot_write(tmp_path: Path, night: Path) -> None:
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    settings = Settings(tmp_path / "releases", store=f"sqlite:///{tmp_path / 'articles.db'}", cors_origins=("*",))
    with TestClient(create_app(settings)) as client:
        for method in ("PUT", "PATCH", "DELETE", "POST"):
            asked = {"Origin": "https://p.example", "Access-Control-Request-Method": method}
            assert client.options("/v1/articles/a001", headers=asked).status_code == 400


def test_the_documented_bodies_are_articles(room: Newsroom) -> None:
    paths = room.client.get("/openapi.json").json()["paths"]
    one = paths["/v1/articles/{article_id}"]
    sent = one["put"]["requestBody"]["content"]["application/json"]
    written(room.put(sent["example"]["id"], **sent["example"]), 201, "new")
    assert set(sent["schema"]["properties"]) == set(schemas.Fields.model_fields) == set(Article.__slots__)
    changes = one["patch"]["requestBody"]["content"]["application/merge-patch+json"]
    written(room.patch(sent["example"]["id"], **changes["example"]), 200, "changed")
    batch = paths["/v1/articles:batch"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert room.ask("POST", "/v1/articles:batch", json=batch).json()["articles"][0]["outcome"] == "changed"
    assert {one["name"] for one in one["put"]["parameters"]} == {"article_id", "If-Match", "If-None-Match"}


# --- a store that is slow, locked or lost ---


def test_a_locked_store_is_a_503_that_says_when_to_come_back_and_reading_goes_on(
    room: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service.office, "SERVICE", Waits(lock=0.1))
    with closing(sqlite3.connect(tmp_path / "articles.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for method, path in ROUTES:
            if method != "GET":
                body = [{"id": "n", "title": "t"}] if method == "POST" else {"title": "new"}
                response = room.ask(method, path, json=body)
                problem(response, 503, "store-unavailable")
                assert int(response.headers["retry-after"]) > 0
        assert caplog.text.count("database is locked") == 5
        assert "no answer" not in caplog.text  # it is the database that gives up: nothing is written afterwards
        assert room.client.get("/v1/articles/a000/similar").status_code == 200
        assert room.stored("a001").article.title == "Story 1"
        other.execute("ROLLBACK")
    written(room.patch("a001", title="new"), 200, "changed")


def test_a_store_that_does_not_answer_is_not_waited_for(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    released = Event()
    monkeypatch.setattr(service.office, "PATIENCE", 0.1)
    with monkeypatch.context() as slow:
        slow.setattr(Edits, "put", lambda *_: released.wait(10))
        problem(room.put("n"), 503, "store-unavailable")
    released.set()
    monkeypatch.setattr(service.office, "PATIENCE", 5.0)
    written(room.put("n"), 201, "new")


def test_a_lost_store_is_a_503_until_it_is_back(tmp_path: Path, night: Path) -> None:
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "articles.db"
    with closing(ArticleStore.open(f"sqlite:///{path}")) as store:
        _, secret = store.keys.make("The CMS", [Scope.ARTICLES], who="admin")
    path.rename(tmp_path / "away.db")
    head = {"Authorization": f"Bearer {secret}"}
    with TestClient(create_app(Settings(tmp_path / "releases", store=f"sqlite:///{path}"))) as client:
        problem(client.put("/v1/articles/n", json={"title": "t"}, headers=head), 503, "store-unavailable")
        assert client.get("/v1/articles/a000/similar").status_code == 200
        (tmp_path / "away.db").rename(path)
        assert client.put("/v1/articles/n", json={"title": "t"}, headers=head).status_code == 201


def test_no_write_is_acknowledged_into_a_file_that_is_away_or_was_replaced(room: Newsroom, tmp_path: Path) -> None:
    written(room.put("n"), 201, "new")
    path = tmp_path / "articles.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])  # a backup, without what stands in the log
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"articles.db{suffix}").rename(tmp_path / f"away.db{suffix}")
    problem(room.put("lost"), 503, "store-unavailable")
    (tmp_path / "copy.db").rename(path)
    written(room.put("kept"), 201, "new")
    with closing(ArticleStore.open(f"sqlite:///{path}")) as found:
        assert found.get("kept") is not None


# --- laws ---

QUICK = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = st.sampled_from(["a001", "a002", "n/1"])
TITLES, TIMES = st.sampled_from(["1", "2"]), st.sampled_from([None, EARLY, LATE])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["put", "ingest"]), KEYS, TITLES, TIMES),
        st.tuples(st.just("patch"), KEYS, TITLES),
        st.tuples(st.sampled_from(["delete", "restore"]), KEYS),
    ),
    max_size=12,
)


@QUICK
@given(STEPS)
def test_any_sequence_leaves_what_a_plain_model_says_and_twice_is_once(
    room: Newsroom, steps: list[tuple[Any, ...]]
) -> None:
    model: dict[str, Article] = {}
    for key in ("a001", "a002", "n/1"):  # the examples share a store
        stored = room.store.edits.get(key)
        model |= {key: stored.article} if stored else {}
    down = {one.article_id for one in room.store.takedowns.standing()}

    def once(verb: str, key: str, *more: Any) -> int:
        if verb == "put":
            return room.put(key, title=more[0], updated_at=more[1]).status_code
        if verb == "patch":
            return room.patch(key, title=more[0]).status_code
        if verb == "delete":
            return room.ask("DELETE", path_of(key)).status_code
        return room.ask("DELETE", f"/v1/takedowns/{key}").status_code

    for verb, key, *more in steps:
        old = model.get(key)
        if verb in ("put", "ingest"):
            moment = None if more[1] is None else datetime.fromisoformat(more[1])
            new = Article(key, more[0], updated_at=moment)
            if verb == "ingest":
                room.store.put([new, new])
                model[key] = new
                continue
            stale = old is not None and None not in (old.updated_at, moment) and moment < old.updated_at  # type: ignore[operator]
            expected = (409, 409) if stale else (201 if old is None else 200, 200)
            model |= {} if stale else {key: new}
        elif verb == "patch":
            expected = (404, 404) if old is None else (200, 200)
            model |= {} if old is None else {key: replace(old, title=more[0])}
        elif verb == "delete":
            expected = (200, 200)
            down.add(key)
        else:
            expected = (200 if key in down else 404, 404)
            down.discard(key)
        assert once(verb, key, *more) == expected[0]
        change, log = room.store.change(), room.store.desk.log()
        assert once(verb, key, *more) == expected[1]
        assert (room.store.change(), room.store.desk.log()) == (change, log)
        shown = room.shown()
        assert not shown & down
        assert shown >= {"a001", "a002"} - down
    for key in ("a001", "a002", "n/1"):
        stored = room.store.edits.get(key)
        assert (stored and stored.article) == model.get(key)
    assert {one.article_id for one in room.store.takedowns.standing()} == down
    with room.store.snapshot() as snapshot:
        usable = {one.id for one in snapshot.articles()}
    assert usable & {"a001", "a002", "n/1"} == model.keys() - down


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=5,
)
BODIES = st.dictionaries(st.sampled_from([*Article.__slots__, "pubstatus", "expires", "extra"]), JSON, max_size=8)


@settings(QUICK, max_examples=60)
@given(BODIES, st.sampled_from(["PUT", "PATCH"]))
def test_no_body_makes_the_service_fail(room: Newsroom, body: dict[str, Any], method: str) -> None:
    raw = msgspec.json.encode(body)
    response = room.ask(method, "/v1/articles/a001", content=raw)
    assert response.status_code in {200, 409, 422}, response.text
    if response.status_code == 200:
        schemas.Written.model_validate_json(response.content)
        room.stored("a001")
        assert room.ask(method, "/v1/articles/a001", content=raw).json()["outcome"] == "unchanged"
    batch = room.ask("POST", "/v1/articles:batch", content=b"[" + raw + b"]")
    schemas.WrittenAll.model_validate_json(batch.content)


@given(BODIES)
def test_a_patch_touches_only_what_it_names(changes: dict[str, Any]) -> None:
    try:
        found = patch(FULL, changes, NOW)
    except Unusable:
        return
    named = set(changes) | {"status"}
    named |= {"expires_at"} if "expires" in changes else set()
    named |= {"byline"} if isinstance(changes.get("authors"), str) else set()
    assert {name for name in Article.__slots__ if getattr(found.article, name) != getattr(FULL, name)} <= named
    assert (found.links is None) is ("body" not in changes)
