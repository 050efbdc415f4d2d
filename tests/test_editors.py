"""The editors' routes: who may, what each rule does to the next answer, to the second, and what the log tells of it."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from conftest import DATABASES, a_database, article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.errors import StoreError
from recsys.keys import Scope
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore
from service import schemas
from service.app import create_app
from service.rule_body import LARGEST
from service.settings import Settings

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)  # the store's own clock is behind it
END = (NOW + timedelta(days=30)).isoformat()
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


ON_BOTH = pytest.mark.parametrize("desk", DATABASES, indirect=True)


class Clock:
    """Tells the time that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


@dataclass
class Desk:
    """A service, its store, its clock and a key of A. Editor."""

    client: TestClient
    store: ArticleStore
    clock: Clock
    secret: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.client.request(method, path, headers={"Authorization": f"Bearer {self.secret}"}, **more)

    def add(self, action: str, kind: str, value: str = "", **more: Any) -> int:
        body = {"action": action, "subject": {"kind": kind, "value": value}, "reason": "because", "ends_at": END}
        response = self.ask("POST", "/v1/rules", json=body | more)
        assert response.status_code == 201, response.text
        found = schemas.Rule.model_validate_json(response.content)
        assert response.headers["location"] == f"/v1/rules/{found.id}"
        assert response.headers["cache-control"] == "no-store"
        return found.id

    def end(self, rule_id: int) -> None:
        response = self.ask("DELETE", f"/v1/rules/{rule_id}", params={"reason": "settled"})
        assert response.status_code == 200, response.text

    def answer(self, widget: str = "similar", of: int = 0, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/articles/a{of:03}/{widget}", params=params).json()
        return found

    def shown(self, widget: str = "similar", of: int = 0, **params: Any) -> list[str]:
        return [item["id"] for item in self.answer(widget, of, **{"k": 100, **params})["items"]]


def a_night(url: str, releases: Path) -> None:
    """A store of twelve articles, half of them in sport and by Odo Quirk, and their release."""
    odo = {"byline": "By Odo Quirk", "section": "sport"}
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put([article(n, tags=("court",) if n == 4 else (), **(odo if n % 2 else {})) for n in range(12)])
        nightly(store, releases, FakeEmbedder(), NightlyConfig(force=True))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with such a store and its release."""
    folder = tmp_path_factory.mktemp("night")
    a_night(f"sqlite:///{folder / 'articles.db'}", folder / "releases")
    return folder


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path, night: Path) -> Iterator[Desk]:
    """A service that looks by itself once an hour, on a copy of that night, or on PostgreSQL where a test asks so."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copytree(night, tmp_path, dirs_exist_ok=True)
        with opened(f"sqlite:///{tmp_path / 'articles.db'}", tmp_path) as found:
            yield found
    else:
        with a_database(request, tmp_path) as url:
            a_night(url, tmp_path / "releases")
            with opened(url, tmp_path) as found:
                yield found


@contextmanager
def opened(url: str, tmp_path: Path) -> Iterator[Desk]:
    clock = Clock()
    app = create_app(Settings(tmp_path / "releases", store=url, poll_seconds=3600, cache_seconds=60), clock)
    with closing(ArticleStore.open(url)) as store, TestClient(app, raise_server_exceptions=False) as client:
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
        yield Desk(client, store, clock, secret)


def problem(response: httpx.Response, status: int, kind: str) -> schemas.Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    found = schemas.Problem.model_validate_json(response.content)
    assert found.type == f"urn:problem-type:{kind}"
    return found


# --- what each rule does to the next answer ---


@ON_BOTH
def test_an_excluded_article_is_in_no_list_until_the_rule_is_ended(desk: Desk) -> None:
    lists = [("similar", 0), ("similar", 5), ("more-from-author", 1)]
    before = [desk.shown(*one) for one in lists]
    assert all("a003" in shown for shown in before)
    rule = desk.add("exclude", "article", "a003")
    assert [desk.shown(*one) for one in lists] == [[key for key in shown if key != "a003"] for shown in before]
    assert desk.client.get("/health/ready").json()["rules"] == 1
    desk.end(rule)
    assert [desk.shown(*one) for one in lists] == before


@pytest.mark.parametrize(
    ("kind", "value", "gone"),
    [
        ("section", "sport", {"a001", "a003", "a005", "a007", "a009", "a011"}),
        ("author", "odo quirk", {"a001", "a003", "a005", "a007", "a009", "a011"}),
        ("tag", "Court", {"a004"}),
        ("keyword", "story 7", {"a007"}),
    ],
)
def test_a_whole_section_author_tag_or_word_can_be_excluded(desk: Desk, kind: str, value: str, gone: set[str]) -> None:
    before = set(desk.shown())
    desk.add("exclude", kind, value)
    assert set(desk.shown()) == before - gone


def test_a_hidden_list_is_empty_and_says_so_and_the_other_lists_stay(desk: Desk) -> None:
    rule = desk.add("hide", "article", "a001", widget="similar")
    assert (desk.answer(of=1)["status"], desk.shown(of=1)) == ("hidden", [])
    assert desk.shown("more-from-author", of=1)
    assert desk.shown(of=3)
    page = desk.answer("related", of=1)
    assert (page["status"]["similar"], page["similar"]) == ("hidden", [])
    assert page["author"]
    desk.end(rule)
    assert desk.shown(of=1)


def test_the_kill_switch_of_a_widget_is_a_rule_on_everything(desk: Desk) -> None:
    rule = desk.add("hide", "everything", widget="author")
    assert {desk.answer("more-from-author", of=n)["status"] for n in range(12)} == {"hidden"}
    assert all(desk.shown(of=n) for n in range(12))
    desk.end(rule)
    everything = desk.add("hide", "everything")
    assert desk.answer("related", of=1)["status"] == {"similar": "hidden", "author": "hidden", "coverage": "hidden"}
    desk.end(everything)
    assert desk.answer("related", of=1)["status"]["author"] != "hidden"


def test_a_pin_stands_in_its_slot_on_its_pages_and_yields_to_exclude(desk: Desk) -> None:
    place = {"kind": "section", "value": "sport"}
    desk.add("pin", "article", "a004", widget="similar", slot=2, place=place)
    answer = desk.answer(of=1)
    assert (answer["items"][1]["id"], answer["items"][1]["source"]) == ("a004", "pinned")
    assert all(item["source"] != "pinned" for item in desk.answer(of=0)["items"])
    desk.add("exclude", "article", "a004")
    assert "a004" not in desk.shown(of=1)


def test_a_boost_lifts_and_a_factor_below_one_buries(desk: Desk) -> None:
    score = {item["id"]: item["score"] for item in desk.answer(k=100, fallback="none")["items"]}
    key = min(score, key=lambda one: score[one])
    for factor in (3.0, 0.2):
        rule = desk.add("boost", "article", key, factor=factor)
        found = {item["id"]: item for item in desk.answer(k=100, fallback="none", explain=True)["items"]}
        assert (found[key]["score"] > score[key]) is (factor > 1)
        assert (found[key]["parts"]["editors"] > 0) is (factor > 1)
        desk.end(rule)


def test_an_ignored_author_has_no_list(desk: Desk) -> None:
    assert desk.shown("more-from-author", of=1)
    desk.add("ignore", "author", "Odo Quirk")
    assert desk.shown("more-from-author", of=1) == []
    assert desk.answer("more-from-author", of=1)["status"] == "empty"
    assert "a001" in desk.shown(of=3)


def test_evergreen_articles_do_not_age(desk: Desk) -> None:
    def time_of(key: str) -> float:
        found = {item["id"]: item for item in desk.answer(k=100, fallback="none", explain=True)["items"]}
        return float(found[key]["parts"]["time"])

    far = desk.answer(k=100, fallback="none")["items"][-1]["id"]
    assert time_of(far) < 0
    desk.add("evergreen", "article", far)
    assert time_of(far) == 0


# --- to the second ---


def test_a_rule_begins_and_ends_to_the_second_and_caches_know_it(desk: Desk) -> None:
    start, end = NOW + timedelta(seconds=30), NOW + timedelta(seconds=90)
    desk.add("exclude", "article", "a003", starts_at=start.isoformat(), ends_at=end.isoformat())
    short = timedelta(microseconds=1000)
    for moment, there in ((start - short, True), (start, False), (end - short, False), (end, True)):
        desk.clock.now = moment
        assert ("a003" in desk.shown()) is there
    ages = []
    for seconds in (0, 25, 29.5, 30, 45, 85, 89, 90):
        desk.clock.now = NOW + timedelta(seconds=seconds)
        ages.append(desk.client.get("/v1/articles/a000/similar?k=5").headers["cache-control"])
    wanted = [30, 5, 0, 60, 45, 5, 1, 60]  # fresh, and stale after that
    assert [sum(int(age) for age in re.findall("(?:max-age|while-revalidate)=([0-9]+)", one)) for one in ages] == wanted
    assert ages[2] == "no-store"


def test_an_embargo_ends_to_the_second_and_until_then_nobody_knows_of_the_article(desk: Desk) -> None:
    until = NOW + timedelta(minutes=5)
    desk.store.put([article(3, byline="By Odo Quirk", section="sport", embargoed_until=until)])
    for moment in (NOW, until - timedelta(milliseconds=1)):
        desk.clock.now = moment
        assert "a003" not in desk.shown()
        for path, name in (("/v1/articles/{}/similar", "id"), ("/v1/similar?url={}&k=100", "url")):
            known = "a003" if name == "id" else "https://paper.example/story/3"
            unknown = "a9993" if name == "id" else "https://paper.example/story/9993"
            found = desk.client.get(path.format(known))
            other = desk.client.get(path.format(unknown))
            problem(found, 404, "article-not-found")
            assert found.text.replace(known, unknown) == other.text
            assert found.headers == other.headers | {"content-length": found.headers["content-length"]}
    desk.clock.now = until
    assert "a003" in desk.shown()
    assert desk.client.get("/v1/articles/a003/similar").status_code == 200


def test_a_bad_request_does_not_tell_an_embargoed_article_from_none(desk: Desk) -> None:
    desk.store.put([article(3, embargoed_until=NOW + timedelta(minutes=5))])
    desk.client.app.state.settings = replace(desk.client.app.state.settings, max_k=10)  # type: ignore[attr-defined]
    answers = [
        desk.client.get("/v1/similar", params={"k": 50, "url": f"https://paper.example/story/{n}"}).status_code
        for n in (3, 9993)
    ]
    assert answers == [422, 422]


def test_an_embargoed_article_that_is_withdrawn_stays_unknown(desk: Desk) -> None:
    embargo = NOW + timedelta(minutes=5)
    desk.store.put([article(3, status=Status.CANCELED, embargoed_until=embargo)])
    problem(desk.client.get("/v1/articles/a003/similar"), 404, "article-not-found")
    desk.clock.now = embargo
    problem(desk.client.get("/v1/articles/a003/similar"), 404, "article-withdrawn")


def test_an_article_expires_to_the_second(desk: Desk) -> None:
    at = NOW + timedelta(minutes=5)
    desk.store.put([article(3, expires_at=at)])
    desk.clock.now = at - timedelta(milliseconds=1)
    assert "a003" in desk.shown()
    desk.clock.now = at
    assert "a003" not in desk.shown()
    problem(desk.client.get("/v1/articles/a003/similar"), 404, "article-withdrawn")
    assert desk.client.get("/health/ready").json()["withdrawn"] == 1


# --- who may ---

ROUTES = [
    ("POST", "/v1/rules"), ("GET", "/v1/rules"), ("GET", "/v1/rules/log"), ("GET", "/v1/rules/1"),
    ("DELETE", "/v1/rules/1?reason=x"), ("POST", "/v1/rules?nonsense=1"), ("GET", "/v1/rules/x"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_good_key_nothing_opens_and_nothing_is_told(desk: Desk, method: str, path: str) -> None:
    _, other = desk.store.keys.make("A. Reader", [Scope.EXPLAIN], who="admin")
    old, revoked = desk.store.keys.make("Once", [Scope.RULES], who="admin")
    desk.store.keys.revoke(old.id, who="admin")
    for header, status, kind, challenge in (
        ({}, 401, "key-missing", 'Bearer realm="news-recsys"'),
        ({"Authorization": f"Basic {desk.secret}"}, 401, "key-missing", 'Bearer realm="news-recsys"'),
        ({"Authorization": "Bearer"}, 401, "key-missing", 'Bearer realm="news-recsys"'),
        ({"Authorization": f"Bearer {desk.secret}x"}, 401, "key-refused", 'error="invalid_token"'),
        ({"Authorization": f"Bearer {revoked}"}, 401, "key-refused", 'error="invalid_token"'),
        ({"Authorization": f"Bearer {other}"}, 403, "key-lacks-scope", 'error="insufficient_scope", scope="rules"'),
    ):
        response = desk.client.request(method, path, headers=header, content=b"not JSON")
        problem(response, status, kind)
        assert challenge in response.headers["www-authenticate"]
    assert desk.store.desk.rules() == ()


def test_no_key_is_in_any_log_or_answer(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [desk.ask(method, path, content=b"{") for method, path in ROUTES]
    wrong = "nr_a-wrong-secret"
    answers.append(desk.client.get("/v1/rules", headers={"Authorization": f"Bearer {wrong}"}))
    for error in (StoreError("the disk is full"), RuntimeError("a fault")):
        monkeypatch.setattr(type(desk.store.keys), "check", raising(error))
        answers.append(desk.ask("GET", "/v1/rules"))
    assert [answer.status_code for answer in answers[-2:]] == [503, 500]
    told = caplog.text + "".join(answer.text + str(answer.headers) for answer in answers)
    assert desk.secret not in told
    assert wrong not in told


def raising(error: Exception) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise error

    return fails


def test_pages_of_other_origins_can_neither_send_a_key_nor_write(tmp_path: Path, night: Path) -> None:
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    origin = {"Origin": "https://paper.example"}
    for allowed in (("https://paper.example",), ("*",)):
        with TestClient(create_app(Settings(tmp_path / "releases", store=url, cors_origins=allowed))) as client:
            for method, wanted in (("GET", "authorization"), ("POST", "content-type"), ("DELETE", "authorization")):
                asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": wanted}
                assert client.options("/v1/rules", headers=origin | asked).status_code == 400


def test_without_a_store_there_are_no_editors_routes(night: Path) -> None:
    with TestClient(create_app(Settings(night / "releases"))) as client:
        assert client.get("/v1/rules").status_code == 404
        assert not [path for path in client.get("/openapi.json").json()["paths"] if "rules" in path]


# --- why ---


@ON_BOTH
def test_an_explanation_tells_the_place_the_parts_and_what_keeps_an_article_out(desk: Desk) -> None:
    _, desk.secret = desk.store.keys.make("A. Reader", [Scope.EXPLAIN, Scope.RULES], who="admin")
    path = "/v1/articles/a000/explain"
    first = desk.answer(explain=True)["items"][0]
    response = desk.ask("GET", path, params={"other": first["id"]})
    assert response.headers["cache-control"] == "no-store"
    found = schemas.Explanation.model_validate_json(response.content)
    assert (found.similar, found.source, found.score) == (1, first["source"], first["score"])
    assert {reason.part: reason.points for reason in found.reasons} == first["parts"]
    rule = desk.add("exclude", "article", first["id"])
    found = schemas.Explanation.model_validate_json(desk.ask("GET", path, params={"other": first["id"]}).content)
    assert found.similar is None
    assert any(f"rule {rule}" in obstacle for obstacle in found.obstacles)
    narrowed = desk.ask("GET", path, params={"other": "a004", "exclude": "a004", "k": 100}).json()
    assert narrowed["obstacles"] == ["the request excludes it"]


def test_an_explanation_needs_a_key_for_it_and_two_articles(desk: Desk) -> None:
    problem(desk.client.get("/v1/articles/a000/explain?other=a001"), 401, "key-missing")
    problem(desk.ask("GET", "/v1/articles/a000/explain?other=a001"), 403, "key-lacks-scope")
    _, desk.secret = desk.store.keys.make("A. Reader", [Scope.EXPLAIN], who="admin")
    problem(desk.ask("GET", "/v1/articles/a000/explain?other=none"), 404, "article-not-found")
    problem(desk.ask("GET", "/v1/articles/none/explain?other=a001"), 404, "article-not-found")
    problem(desk.ask("GET", "/v1/articles/a000/explain"), 422, "bad-parameters")
    problem(desk.ask("GET", "/v1/rules"), 403, "key-lacks-scope")


# --- what is told ---


@ON_BOTH
def test_the_log_tells_who_did_what_and_the_owner_may_be_another(desk: Desk) -> None:
    rule = desk.add("exclude", "article", "a003", owner="The lawyers")
    desk.end(rule)
    response = desk.ask("GET", "/v1/rules/log", params={"limit": 2})
    ended, added = schemas.Entries.model_validate_json(response.content).entries
    assert [(entry.who, entry.what, entry.number) for entry in (ended, added)] == [
        ("A. Editor", "rule ended", rule),
        ("A. Editor", "rule added", rule),
    ]
    assert (added.details["owner"], added.details["subject_value"]) == ("The lawyers", "a003")
    assert ended.details["reason"] == "settled"
    assert (added.at, ended.at) == (NOW, NOW)
    rest = desk.ask("GET", "/v1/rules/log", params={"before": added.id}).json()["entries"]
    assert [entry["what"] for entry in rest] == ["key made"]


@ON_BOTH
def test_rules_are_listed_one_by_one_or_all_and_an_ended_one_is_kept(desk: Desk) -> None:
    first, second = desk.add("exclude", "article", "a003"), desk.add("exclude", "article", "a004", ends_at=None)
    desk.end(first)
    listed = schemas.Rules.model_validate_json(desk.ask("GET", "/v1/rules").content)
    assert [rule.id for rule in listed.rules] == [second]
    everything = schemas.Rules.model_validate_json(desk.ask("GET", "/v1/rules?all=true").content).rules
    assert [(rule.id, rule.ends_at) for rule in everything] == [(first, NOW), (second, None)]
    one = schemas.Rule.model_validate_json(desk.ask("GET", f"/v1/rules/{first}").content)
    assert one == everything[0]
    assert (one.owner, one.starts_at) == ("A. Editor", NOW)


@ON_BOTH
def test_what_is_not_there_or_over_is_a_404(desk: Desk) -> None:
    rule = desk.add("exclude", "article", "a003")
    desk.end(rule)
    for number in (rule, 99, 0, 10**30):
        path = f"/v1/rules/{number}"
        problem(desk.ask("DELETE", path, params={"reason": "settled"}), 404, "rule-not-found")
        if number != rule:
            problem(desk.ask("GET", path), 404, "rule-not-found")
    assert len(desk.ask("GET", "/v1/rules/log").json()["entries"]) == 3


# --- what is refused ---

GOOD = {"action": "exclude", "subject": {"kind": "article", "value": "a003"}, "reason": "because", "ends_at": END}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"action": "delete"}, "body.action"),
        ({"subject": {"kind": "everything"}}, "body.subject"),
        ({"subject": {"kind": "article"}}, "body.subject.value"),
        ({"subject": {"kind": "article", "value": "x" * 501}}, "body.subject.value"),
        ({"subject": {"kind": "city", "value": "x"}}, "body.subject.kind"),
        ({"subject": "a003"}, "body.subject"),
        ({"reason": " "}, "body.reason"),
        ({"reason": "a\0b"}, "body.reason"),
        ({"owner": ""}, "body.owner"),
        ({"ends_at": "2001-01-01"}, "body.ends_at"),
        ({"ends_at": "soon"}, "body.ends_at"),
        ({"ends_at": 1}, "body.ends_at"),
        ({"starts_at": "9999-01-01"}, "body.ends_at"),
        ({"widget": "similar"}, "body.widget"),
        ({"widget": "all", "action": "pin", "slot": 1}, "body.widget"),
        ({"slot": 1}, "body.slot"),
        ({"slot": "1"}, "body.slot"),
        ({"action": "pin", "widget": "similar"}, "body.slot"),
        ({"action": "pin", "widget": "similar", "slot": 1, "place": {"kind": "tag", "value": "x"}}, "body.place"),
        ({"action": "pin", "widget": "similar", "slot": 1, "place": {"kind": "article"}}, "body.place.value"),
        ({"factor": 2}, "body.factor"),
        ({"action": "boost", "factor": 99}, "body.factor"),
        ({"action": "boost"}, "body.factor"),
        ({"expires": END}, "body.expires"),
        ({"subject": {"kind": "article", "value": "x", "name": "y"}}, "body.subject.name"),
        ({"who": "me"}, "body.who"),
        ({"id": 3}, "body.id"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_field(desk: Desk, change: dict[str, Any], where: str) -> None:
    found = problem(desk.ask("POST", "/v1/rules", json=GOOD | change), 422, "bad-parameters")
    assert [error.where for error in found.errors] == [where]
    assert found.errors[0].reason
    assert desk.store.desk.rules() == ()


def test_an_end_must_be_thought_of(desk: Desk) -> None:
    found = problem(
        desk.ask("POST", "/v1/rules", json={k: GOOD[k] for k in GOOD if k != "ends_at"}), 422, "bad-parameters"
    )
    assert [error.where for error in found.errors] == ["body.ends_at"]
    assert desk.add("exclude", "article", "a003", ends_at=None)


def test_ending_needs_a_reason(desk: Desk) -> None:
    rule = desk.add("exclude", "article", "a003")
    for query in ("", "?reason=", "?reason=%20", f"?reason={'x' * 501}", "?reason=x&why=y"):
        problem(desk.ask("DELETE", f"/v1/rules/{rule}{query}"), 422, "bad-parameters")
    assert "a003" not in desk.shown()


def test_a_body_that_is_too_large_or_none_is_refused(desk: Desk) -> None:
    fits = msgspec.json.encode(GOOD | {"reason": ""}) + b" " * (LARGEST - len(msgspec.json.encode(GOOD)))
    problem(desk.ask("POST", "/v1/rules", content=fits[:LARGEST]), 422, "bad-parameters")
    problem(desk.ask("POST", "/v1/rules", content=b" " * (LARGEST + 1)), 413, "body-too-large")
    for raw in (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 50_000, b'{"reason":"\\ud800"}'):
        problem(desk.ask("POST", "/v1/rules", content=raw), 422, "bad-parameters")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=5,
)
FIELDS = [*GOOD, "starts_at", "owner", "widget", "place", "slot", "factor", "kind", "who"]
LIKELY = st.sampled_from(
    [*Action, *Kind, "similar", END, "0001-01-01", "9999-12-31T23:59:59+00:00", {"kind": "everything"}, 3, 2.0, "\0"]
)


@given(st.dictionaries(st.sampled_from(FIELDS), LIKELY | JSON, max_size=8))
@QUICK
def test_no_body_makes_the_service_fail_and_only_a_rule_is_kept(desk: Desk, change: dict[str, Any]) -> None:
    before = len(desk.store.desk.rules())
    response = desk.ask("POST", "/v1/rules", content=msgspec.json.encode(GOOD | change))
    assert response.status_code in {201, 422}, response.text
    assert len(desk.store.desk.rules()) == before + (response.status_code == 201)
    if response.status_code == 201:
        kept = schemas.Rule.model_validate_json(response.content)
        rule = desk.store.desk.rule(kept.id)
        assert msgspec.json.decode(msgspec.json.encode(rule)) == response.json()


def test_a_store_that_fails_is_a_503_that_says_when_to_come_back_and_lists_go_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.shown()
    for name in ("add", "rules", "rule", "log", "end"):
        monkeypatch.setattr(type(desk.store.desk), name, raising(StoreError("the disk is full")))
    for method, path in ROUTES[:5]:
        response = desk.ask(method, path, json=GOOD if method == "POST" else None)
        problem(response, 503, "store-unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "disk" not in response.text
    assert desk.shown() == before


def test_rules_can_be_made_before_the_first_release(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
        with TestClient(create_app(Settings(tmp_path / "none", store=url))) as client:
            head = {"Authorization": f"Bearer {secret}"}
            assert client.post("/v1/rules", json=GOOD, headers=head).status_code == 201
        rule = Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, "a003"), "A. Editor", "because", NOW, None)
        assert store.desk.rules()[0].subject == rule.subject
