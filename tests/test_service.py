"""The HTTP face, on the sample newspaper: laws of every list, one error shape, swaps under load, real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import recsys
from index.nightly import NightlyConfig, nightly
from index.publish import point_at
from recsys import Recommender, Release
from recsys.answers import Fallback, Order
from recsys.articles import Article, Status
from recsys.keys import Scope
from recsys.ranking import PARTS
from recsys.store import ArticleStore
from service import schemas
from service.__main__ import main
from service.app import create_app
from service.rule_body import NewRule
from service.settings import Settings

ROOT = Path(recsys.__file__).parents[1]
SAMPLE = ROOT / "index" / "sample" / "articles.jsonl"
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# "%" is asked of the real server only: Starlette's test client decodes a path twice
ODD_IDS = ["odd/one", "a:b c", "x/similar", "comma,here", "q?a=1&b#c", "50%25", "ünï/related", "/lead", "tail/", "-1"]


def odd_articles() -> list[Article]:
    """Articles with ids that a router may stumble over; they share words, an author and a section."""
    return [
        article(900 + n, id=key, url=f"https://odd.example/{n}?page={n}", byline="Odo Quirk", section="odds/ends")
        for n, key in enumerate(ODD_IDS)
    ]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """(store URL, folder of releases) of the sample newspaper and the odd articles."""
    folder = tmp_path_factory.mktemp("paper")
    url = f"sqlite:///{folder / 'articles.db'}"
    store = ArticleStore.open(url, create=True)
    raw = [msgspec.json.decode(line) for line in SAMPLE.read_bytes().splitlines()]
    store.put([*msgspec.convert(raw, list[Article], strict=False), *odd_articles()])
    nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    store.close()
    return url, folder / "releases"


@pytest.fixture(scope="module")
def client(paper: tuple[str, Path]) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(paper[1], store=paper[0])), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def release(paper: tuple[str, Path]) -> Release:
    return Release.open(paper[1])


def path_of(article_id: str, verb: str) -> str:
    return f"/v1/articles/{quote(article_id, safe='')}/{verb}"


def lists_of(answer: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [answer[name] for name in ("items", "similar", "author", "coverage") if name in answer]


def is_problem(response: Any, status: int, kind: str | None) -> dict[str, Any]:
    """The problem that `response` holds, after checking its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    problem = schemas.Problem.model_validate_json(response.content)
    assert problem.status == status
    assert problem.type == (f"urn:problem-type:{kind}" if kind else "about:blank")
    found: dict[str, Any] = response.json()
    return found


# --- answers ---

ROUTES: list[tuple[str, type[BaseModel]]] = [
    ("similar", schemas.Answer),
    ("more-from-author", schemas.Answer),
    ("coverage", schemas.Answer),
    ("related", schemas.RelatedAnswer),
]


@pytest.mark.parametrize(("verb", "shape"), ROUTES)
@pytest.mark.parametrize("explain", [False, True])
def test_answers_are_those_of_the_core_in_the_documented_shape(
    client: TestClient, release: Release, verb: str, shape: type[BaseModel], explain: bool
) -> None:
    for row in range(0, len(release), 7):
        key = release.ids[row]
        if "%" in key:
            continue
        response = client.get(path_of(key, verb), params={"explain": explain})
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "public, max-age=1, must-revalidate"
        assert response.headers["x-content-type-options"] == "nosniff"
        shape.model_validate_json(response.content)
        ask = getattr(Recommender(release), verb.replace("-", "_"))
        assert response.json() == msgspec.json.decode(msgspec.json.encode(ask(key, explain=explain)))
        for item in (item for one in lists_of(response.json()) for item in one):
            assert (item["parts"] is not None) is explain
            assert not explain or (list(item["parts"]) == list(PARTS) and sum(item["parts"].values()) == item["score"])
            assert item["published_at"] is None or item["published_at"].endswith("Z")
        by_url = client.get(f"/v1/{verb}", params={"url": release.urls[row], "explain": explain})
        assert by_url.content == response.content


@pytest.mark.parametrize(
    ("verb", "query", "asked"),
    [
        ("similar", "k=100&fallback=none", {"k": 100, "fallback": Fallback.NONE}),
        ("similar", "k=100&fallback=section", {"k": 100, "fallback": Fallback.SECTION}),
        ("similar", "k=100&exclude_section=news,sport", {"k": 100, "exclude_section": ["news", "sport"]}),
        ("similar", "exclude_section=news&exclude_section=sport", {"exclude_section": ["news", "sport"]}),
        ("coverage", "k=3&exclude_section=news", {"k": 3, "exclude_section": ["news"]}),
        ("more-from-author", "order=related&k=20", {"order": Order.RELATED, "k": 20}),
        ("more-from-author", "by=INES%20vallory&k=5", {"by": "Ines Vallory", "k": 5}),
        ("more-from-author", "co_authors=false&k=90", {"co_authors": False, "k": 90}),
        ("more-from-author", "fallback=section&k=90", {"fallback": Fallback.SECTION, "k": 90}),
        ("more-from-author", "fallback=recent&k=90", {"fallback": Fallback.RECENT, "k": 90}),
        ("related", "coverage=5&similar=0", {"coverage": 5, "similar": 0}),
        ("related", "author=90&author_fallback=section", {"author": 90, "author_fallback": Fallback.SECTION}),
        ("related", "similar=90&fallback=none", {"similar": 90, "fallback": Fallback.NONE}),
        ("related", "by=ines%20vallory&order=related", {"by": "Ines Vallory", "order": Order.RELATED}),
    ],
)
def test_every_parameter_reaches_the_core(
    client: TestClient, release: Release, verb: str, query: str, asked: dict[str, Any]
) -> None:
    ask = getattr(Recommender(release), verb.replace("-", "_"))
    found, differs = [], False
    for key in ("mc-a-01", "mc-storm-04", "mc-bridge-03", "mc-ferry-01"):
        found.append(client.get(f"{path_of(key, verb)}?{query}").json())
        assert found[-1] == msgspec.json.decode(msgspec.json.encode(ask(key, **asked)))
        differs |= found[-1] != client.get(path_of(key, verb)).json()
    assert differs, "it makes a difference somewhere"


def test_status_tells_how_far_a_list_came(client: TestClient) -> None:
    def status(verb: str, **params: Any) -> Any:
        return client.get(path_of("mc-storm-04", verb), params=params).json()["status"]

    assert status("similar") == "full"
    assert status("similar", section="nowhere") == "empty"
    assert status("similar", k=100, section="news/local") == "short"
    assert status("related", author=0, coverage=0) == {"similar": "full", "author": "full", "coverage": "full"}


def test_days_back_are_counted_from_now(client: TestClient) -> None:
    path = path_of("mc-a-01", "similar")
    days = (datetime.now(UTC) - datetime(2025, 6, 1, 12, tzinfo=UTC)).days
    limit, moment = datetime.now(UTC) - timedelta(days=days), timedelta(seconds=9)
    lists = [
        [item["id"] for item in client.get(path, params={"k": 100, "published_after": after}).json()["items"]]
        for after in (f"{days}d", (limit - moment).isoformat(), (limit + moment).isoformat(), "9999d")
    ]
    assert [lists.index(one) for one in lists] == [0, 0, 0, 3]


def test_health_answers_have_the_documented_shape(client: TestClient, release: Release) -> None:
    schemas.Alive.model_validate_json(client.get("/health/live").content)
    response = client.get("/health/ready")
    ready = schemas.Ready.model_validate_json(response.content)
    assert response.headers["cache-control"] == "no-store"
    assert (ready.release, ready.articles, ready.withdrawn, ready.rules) == (release.id, len(release), 0, 0)
    assert ready.store == schemas.StoreState(change=release.manifest.change, ok=True)
    assert 0 <= ready.age_seconds < 3600


def test_the_documented_shapes_have_the_fields_of_the_core() -> None:
    for name in ("Item", "Answer", "RelatedAnswer", "PageStatus"):
        documented = getattr(schemas, name).model_fields
        assert set(documented) == set(get_type_hints(getattr(recsys.answers, name)))


@given(st.data())
@settings(QUICK, max_examples=150)
def test_no_list_breaks_a_law(client: TestClient, release: Release, data: st.DataObject) -> None:
    ids = [key for row in range(len(release)) if "%" not in (key := release.ids[row])]
    sections = ["news", "NEWS/", "sport", "odds/ends", "nowhere"]
    key = data.draw(st.sampled_from(ids))
    verb = data.draw(st.sampled_from([verb for verb, _ in ROUTES]))
    lengths = data.draw(
        st.fixed_dictionaries({name: st.integers(0, 100) for name in ("similar", "author", "coverage")})
        if verb == "related"
        else st.fixed_dictionaries({"k": st.integers(1, 100)})
    )
    exclude = data.draw(st.lists(st.sampled_from(ids), max_size=20))
    section = data.draw(st.none() | st.sampled_from(sections))
    without = data.draw(st.lists(st.sampled_from(sections), max_size=2))
    after = data.draw(st.none() | st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)))
    repeated = data.draw(st.booleans()) or any("," in one for one in exclude)  # a comma parts ids where one holds many
    params: dict[str, Any] = {**lengths, "exclude": exclude if repeated else ",".join(exclude)}
    params |= {} if section is None else {"section": section}
    params |= {"exclude_section": without} if without else {}
    params |= {} if after is None else {"published_after": after.isoformat()}
    response = client.get(path_of(key, verb), params=params)
    assert response.status_code == 200, response.text
    answer = response.json()
    rows = [release.row(item["id"]) for one in lists_of(answer) for item in one]
    shown = [release.ids[row] for row in rows]
    assert len(set(shown)) == len(shown)
    assert not {key, *exclude} & set(shown)
    if section is not None:
        wanted = section.strip("/").casefold()
        assert all(f"{release.card(row).section}/".casefold().startswith(f"{wanted}/") for row in rows)
    for name in without:
        refused = f"{name.strip('/').casefold()}/"
        assert not any(f"{release.card(row).section}/".casefold().startswith(refused) for row in rows)
    if after is not None:
        limit = after.replace(tzinfo=UTC, microsecond=0)
        assert all((at := release.card(row).published_at) is not None and at > limit for row in rows)
    if verb in ("similar", "related"):
        k = lengths.get("k", lengths.get("similar", 0))
        everything = client.get(path_of(key, "similar"), params={**params_without(params, lengths), "k": 100}).json()
        elsewhere = {item["id"] for name in ("author", "coverage") for item in answer.get(name, [])}
        eligible = [item["id"] for item in everything["items"] if item["id"] not in elsewhere]
        found = [item["id"] for item in answer.get("items", answer.get("similar"))]
        if len(everything["items"]) < 100 or k + len(elsewhere) <= 100:
            assert found == eligible[:k] if "items" in answer else len(found) == min(k, len(eligible))


def params_without(params: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


@pytest.mark.parametrize("key", [key for key in ODD_IDS if "%" not in key])
def test_an_odd_id_routes_right_is_in_lists_and_can_be_excluded(client: TestClient, key: str) -> None:
    for verb, _ in ROUTES:
        response = client.get(path_of(key, verb))
        assert response.status_code == 200, response.text
        assert response.json()["article_id"] == key
    other = next(odd for odd in ODD_IDS if odd != key)
    everyone = {
        item["id"] for item in client.get(path_of(other, "more-from-author"), params={"k": 100}).json()["items"]
    }
    assert key in everyone
    params: dict[str, Any] = {"k": 100, "exclude": [key]}
    rest = {item["id"] for item in client.get(path_of(other, "more-from-author"), params=params).json()["items"]}
    assert rest == everyone - {key}


def test_a_slash_in_a_path_may_be_sent_as_it_is(client: TestClient) -> None:
    assert client.get("/v1/articles/x/similar/similar").json()["article_id"] == "x/similar"
    assert client.get("/v1/articles/odd/one/related").json()["article_id"] == "odd/one"


def test_an_address_is_found_in_any_of_its_spellings(client: TestClient) -> None:
    for url in ("https://odd.example/3?page=3", "http://www.odd.example/3/?utm_source=x&page=3#top"):
        assert client.get("/v1/similar", params={"url": url}).json()["article_id"] == "comma,here"


def test_a_moment_without_a_zone_is_utc_and_a_date_is_its_midnight(client: TestClient) -> None:
    path = path_of("mc-a-01", "similar")
    answers = [
        client.get(path, params={"published_after": moment}).json()
        for moment in ("2025-06-01", "2025-06-01T00:00:00", "2025-06-01T00:00:00Z", "2025-06-01T02:00:00+02:00")
    ]
    assert answers.count(answers[0]) == 4
    assert answers[0] != client.get(path).json()


# --- problems ---


@pytest.mark.parametrize(
    ("query", "where", "reason"),
    [
        ("k=0", "query.k", "greater than or equal to 1"),
        ("k=101", "query.k", "less than or equal to 100"),
        ("k=ten", "query.k", "valid integer"),
        ("k=", "query.k", "valid integer"),
        (
            "limit=5",
            "query.limit",
            "unknown parameter; valid are exclude, section, exclude_section, published_after, k, explain, fallback",
        ),
        ("similar=5", "query.similar", "unknown parameter"),
        ("published_after=2026", "query.published_after", "ISO 8601"),
        ("published_after=30 d", "query.published_after", "ISO 8601"),
        ("published_after=-30d", "query.published_after", "ISO 8601"),
        ("published_after=99999999d", "query.published_after", "ISO 8601"),
        ("fallback=all", "query.fallback", "'none', 'section' or 'recent'"),
        ("order=related", "query.order", "unknown parameter"),
        ("coverage=3", "query.coverage", "unknown parameter"),
        ("published_after=2026-01-01T00:00:00+02:00", "query.published_after", "%2B"),
        ("published_after=0001-01-01T00:00:00%2B14:00", "query.published_after", "ISO 8601"),
        ("section=", "query.section", "at least 1 character"),
        ("explain=perhaps", "query.explain", "valid boolean"),
        ("&".join(["exclude=x"] * 201), "query.exclude", "at most 200 items"),
    ],
)
def test_a_bad_parameter_is_named_with_its_value_and_the_reason(
    client: TestClient, query: str, where: str, reason: str
) -> None:
    problem = is_problem(client.get(f"{path_of('mc-a-01', 'similar')}?{query}"), 422, "bad-parameters")
    assert [error["where"] for error in problem["errors"]] == [where]
    assert reason in problem["errors"][0]["reason"]
    assert problem["errors"][0]["reason"] in problem["detail"]


def test_all_bad_parameters_are_named_at_once(client: TestClient) -> None:
    problem = is_problem(client.get("/v1/related?similar=-1&author=x&limit=3"), 422, "bad-parameters")
    named = {error["where"]: error["value"] for error in problem["errors"]}
    assert named == {"query.similar": "-1", "query.author": "x", "query.limit": "3", "query.url": ""}


@pytest.mark.parametrize("url", ["", "/relative", "javascript:alert(1)", "ftp://odd.example/3", "https://"])
def test_what_is_no_web_address_is_a_bad_parameter(client: TestClient, url: str) -> None:
    problem = is_problem(client.get("/v1/similar", params={"url": url}), 422, "bad-parameters")
    assert problem["errors"][0]["where"] == "query.url"


def test_what_is_not_there_is_a_404(client: TestClient) -> None:
    for path in (path_of("no such", "similar"), path_of("", "related"), "/v1/similar?url=https://odd.example/none"):
        is_problem(client.get(path), 404, "article-not-found")
    for path in ("/", "/v1", "/v1/similar/", "/nothing/here"):
        is_problem(client.get(path), 404, None)
    for path in ("/v1/articles/mc-a-01", path_of("mc-a-01", "similar") + "/"):  # the newsroom's, with a store
        is_problem(client.get(path), 401, "key-missing")


def test_another_method_is_a_405_that_names_the_allowed_one(client: TestClient) -> None:
    for path in (path_of("mc-a-01", "similar"), "/v1/related", "/health/live"):
        response = client.post(path)
        is_problem(response, 405, None)
        assert response.headers["allow"] == "GET, HEAD"


def test_a_fault_of_the_service_is_a_500_that_tells_nothing_of_its_inside(paper: tuple[str, Path]) -> None:
    app = create_app(Settings(paper[1]))
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.live.view = replace(app.state.live.view, recommender=None)
        problem = is_problem(client.get(path_of("mc-a-01", "similar")), 500, None)
    assert "NoneType" not in str(problem)


def test_without_a_release_everything_but_live_is_a_503_that_says_when_to_come_back(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(tmp_path / "none"))) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", path_of("a", "similar"), "/v1/related?url=https://odd.example/3"):
            response = client.get(path)
            is_problem(response, 503, "no-release")
            assert int(response.headers["retry-after"]) > 0


def test_a_list_longer_than_the_deployment_allows_is_refused(paper: tuple[str, Path]) -> None:
    with TestClient(create_app(Settings(paper[1], max_k=12))) as client:
        assert client.get(path_of("mc-a-01", "similar"), params={"k": 12}).status_code == 200
        problem = is_problem(client.get(path_of("mc-a-01", "similar"), params={"k": 13}), 422, "bad-parameters")
        assert problem["errors"] == [{"where": "query.k", "value": "13", "reason": "must be at most 12 here"}]
        is_problem(client.get(path_of("mc-a-01", "related"), params={"author": 13}), 422, "bad-parameters")


@pytest.mark.parametrize("most", [None, 1])
def test_how_many_of_an_event_a_list_may_hold_reaches_the_core(paper: tuple[str, Path], most: int | None) -> None:
    with TestClient(create_app(Settings(paper[1], per_event=most))) as client:
        assert client.app.state.live.view.recommender.variety.per_event == most  # type: ignore[attr-defined]


NAMES = [
    "k", "exclude", "section", "exclude_section", "published_after", "explain", "url", "similar", "author", "coverage",
    "by", "order", "co_authors", "fallback", "author_fallback", "limit", "",
]  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.datetimes().map(str),
    st.sampled_from(
        ["%00", "%ff%fe", "+", ",,,", "NaN", "1e9", "-0", "true", "/", "%", "𝟙𝟘", "null", "https://[::1", "1" * 5000]
    ),
    st.sampled_from(["30d", "99999d", "related", "none"]),
)


@given(
    st.sampled_from([verb for verb, _ in ROUTES]),
    st.none() | st.sampled_from(ODD_IDS) | st.text(max_size=10),
    st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), VALUES), max_size=5),
    st.booleans(),
)
@settings(QUICK, max_examples=400)
def test_nothing_that_can_be_asked_makes_the_service_fail(
    client: TestClient, verb: str, key: str | None, pairs: list[tuple[str, str]], quoted: bool
) -> None:
    safe = "" if quoted else "%"  # unquoted, a "%" of the text reaches the service as a broken escape
    query = "&".join(f"{quote(name, safe=safe)}={quote(value, safe=safe)}" for name, value in pairs)
    path = f"/v1/{verb}" if key is None else path_of(key, verb)
    response = client.get(f"{path}?{query}")
    assert response.status_code in {200, 404, 422}, response.text
    assert msgspec.json.decode(response.content)


# --- OpenAPI, headers, imports ---


def test_openapi_documents_every_route_with_examples_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = document["paths"]
    operations = {(path, method): one for path, methods in paths.items() for method, one in methods.items()}
    assert len(operations) == 10 + 6 + 9
    for (path, method), operation in operations.items():
        responses = operation["responses"]
        good = set(responses) & {"200", "201"}
        assert len(good) == (2 if method == "put" else 1)
        for status in good:
            content = responses[status]["content"]["application/json"]
            shape = getattr(schemas, content["schema"]["$ref"].rsplit("/", 1)[1])
            shape.model_validate_json(msgspec.json.encode(content["example"]))
        problems = set(responses) - good - {"304"}
        for status in problems:
            assert list(responses[status]["content"]) == ["application/problem+json"]
            schemas.Problem.model_validate(responses[status]["content"]["application/problem+json"]["example"])
        if operation["tags"][0] in ("editors", "newsroom"):
            assert {"401", "403", "422", "503"} <= problems
            assert operation["security"] == [{"key": []}]
        elif path.startswith("/v1"):
            assert problems == {"404", "422", "503"}
            for status in ("200", "304"):
                assert set(responses[status]["headers"]) == {"ETag", "Cache-Control", "Surrogate-Key"}
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
        assert ("requestBody" in operation) is (method in ("post", "put", "patch"))
    assert "HTTPValidationError" not in document["components"]["schemas"]
    referred = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', client.get("/openapi.json").text))
    assert referred <= set(document["components"]["schemas"])


def test_the_documented_body_of_a_rule_is_one(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/rules"]["post"]["requestBody"]["content"]["application/json"]
    NewRule.model_validate_json(msgspec.json.encode(body["example"]))
    assert set(body["schema"]["properties"]) == set(NewRule.model_fields)
    assert set(body["schema"]["required"]) == {"action", "subject", "reason", "ends_at"}


def test_pages_of_other_origins_may_ask_only_where_they_are_allowed(
    paper: tuple[str, Path], client: TestClient
) -> None:
    ask = {"headers": {"Origin": "https://paper.example"}}
    assert "access-control-allow-origin" not in client.get("/health/live", **ask).headers  # type: ignore[arg-type]
    with TestClient(create_app(Settings(paper[1], cors_origins=("https://paper.example",)))) as allowing:
        headers = allowing.get("/health/live", **ask).headers  # type: ignore[arg-type]
        assert headers["access-control-allow-origin"] == "https://paper.example"
        other = allowing.get("/health/live", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_importing_the_service_loads_nothing_heavy_and_no_other_program() -> None:
    heavy = ["torch", "sentence_transformers", "transformers", "faiss", "sklearn", "scipy", "pyarrow", "index", "eval"]
    code = f"import sys, service.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- live ---


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """(folder of releases, release id -> what every title of that release begins with)."""
    names = {}
    for letter in "AB":
        store = ArticleStore.open(f"sqlite:///{tmp_path / letter}.db", create=True)
        store.put([article(n, title=f"{letter} story {n}", byline="Odo Quirk") for n in range(15)])
        names[nightly(store, tmp_path / "releases", FakeEmbedder(), NightlyConfig(force=True, rebuild=True)).id] = (
            f"{letter} story"
        )
        store.close()
    return tmp_path / "releases", names


def test_swaps_under_load_lose_no_answer_and_mix_none(two: tuple[Path, dict[str, str]]) -> None:
    releases, titles = two
    with TestClient(create_app(Settings(releases, poll_seconds=3600))) as client:
        live = client.app.state.live  # type: ignore[attr-defined]
        stop, wrong, asked = threading.Event(), list[str](), list[str]()

        def ask(number: int) -> None:
            while not stop.is_set():
                for verb, _ in ROUTES:
                    response = client.get(path_of(f"a{number:03}", verb))
                    answer = response.json()
                    start = titles.get(answer.get("release", ""), "no release")
                    items = [item for one in lists_of(answer) for item in one]
                    asked.append(start)
                    if (not items and verb != "coverage") or not all(item["title"].startswith(start) for item in items):
                        wrong.append(response.text)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            for swap in range(30):
                point_at(releases, list(titles)[swap % 2])
                live.step()
                assert live.view.release.id == list(titles)[swap % 2]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert wrong == []
    assert set(asked) == set(titles.values())


def test_a_release_with_one_flipped_bit_is_not_served_and_answers_go_on(two: tuple[Path, dict[str, str]]) -> None:
    releases, titles = two
    old, new = titles
    point_at(releases, old)
    with TestClient(create_app(Settings(releases, poll_seconds=3600))) as client:
        for name in ("neighbours.values.npy", "vectors.faiss", "ids.utf8"):
            path = releases / new / name
            whole = path.read_bytes()
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 0b100]))
            point_at(releases, new)
            client.app.state.live.step()  # type: ignore[attr-defined]
            answer = client.get(path_of("a001", "similar")).json()
            assert answer["release"] == old
            assert answer["items"][0]["title"].startswith(titles[old])
            path.write_bytes(whole)


def test_a_takedown_is_gone_from_every_list_and_is_itself_a_404(paper: tuple[str, Path], release: Release) -> None:
    url, releases = paper
    key = "odd/one"
    store = ArticleStore.open(url)
    taken = store.get(key)
    assert taken is not None
    with TestClient(create_app(Settings(releases, store=url, poll_seconds=3600))) as client:
        live = client.app.state.live  # type: ignore[attr-defined]
        path = path_of("a:b c", "related")
        before = client.get(path, params={"similar": 100, "author": 3}).text
        assert f'"{key}"' in before
        store.put([replace(taken, status=Status.CANCELED)])
        live.step()
        for row in range(0, len(release), 5):
            if release.ids[row] not in (key, ODD_IDS[5]):
                for verb, _ in ROUTES:
                    params = {"similar": 100, "author": 100} if verb == "related" else {"k": 100}
                    assert f'"{key}"' not in client.get(path_of(release.ids[row], verb), params=params).text
        is_problem(client.get(path_of(key, "similar")), 404, "article-withdrawn")
        is_problem(client.get("/v1/related", params={"url": taken.url}), 404, "article-withdrawn")
        assert client.get("/health/ready").json()["withdrawn"] == 1
        store.put([taken])
        live.step()
        assert client.get(path, params={"similar": 100, "author": 3}).text == before
    store.close()


# --- processes ---


@dataclass(frozen=True)
class Running:
    """A service in a process of its own."""

    process: subprocess.Popen[bytes]
    base: str
    output: Path

    def get(self, path: str, status: int = 200) -> httpx.Response:
        """The first answer of that status."""
        for _ in self.patiently(f"no {status} from {path}"):
            try:
                response = httpx.get(self.base + path, timeout=5)
            except httpx.TransportError:
                continue
            if response.status_code == status:
                return response
        raise AssertionError

    def workers(self, number: int, within: float = 30) -> list[int]:
        """The process ids of the workers that have started so far, once there are `number`."""
        for _ in self.patiently(f"no {number} workers", within):
            found = re.findall(r"Started server process \[([0-9]+)\]", self.output.read_text())
            if len(found) >= number:
                return [int(pid) for pid in found]
        raise AssertionError

    def patiently(self, failure: str, within: float = 30) -> Iterator[None]:
        """Yields again and again for so many seconds."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            yield
            time.sleep(0.05)
        pytest.fail(f"{failure}\n{self.output.read_text()}")


@contextmanager
def running(releases: Path, output: Path, *options: str) -> Iterator[Running]:
    """A service on a free port; whatever is left of it at the end is killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "service", "--releases", str(releases), "--port", str(port), *options]
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, start_new_session=True)
    try:
        yield Running(process, f"http://127.0.0.1:{port}", output)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_service_starts_before_the_first_release_takes_it_and_ends_with_0_on_sigterm(
    paper: tuple[str, Path], tmp_path: Path
) -> None:
    releases = tmp_path / "releases"
    with running(releases, tmp_path / "log", "--poll-seconds", "0.05") as service:
        service.get("/health/ready", 503)
        releases.symlink_to(paper[1])
        assert "server" not in service.get("/health/ready").headers
        for key in ODD_IDS:
            assert service.get(path_of(key, "similar")).json()["article_id"] == key
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        assert f"serving {releases} on {service.base}\n" in service.output.read_text()


def test_one_of_two_workers_may_die_and_the_paper_goes_on(paper: tuple[str, Path], tmp_path: Path) -> None:
    with running(paper[1], tmp_path / "log", "--workers", "2") as service:
        first, second = service.workers(2)
        service.get("/health/ready")
        os.kill(first, signal.SIGSTOP)
        time.sleep(1)  # it is asked twice a second whether it is well, and dies without an answer
        os.kill(first, signal.SIGKILL)
        service.get(path_of("mc-a-01", "related"))
        assert service.workers(3, within=20)[:2] == [first, second], "Uvicorn by itself waits 30 seconds for the dead"
        service.get(path_of("mc-a-01", "related"))
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0


def test_workers_whose_first_process_was_killed_end_and_leave_the_port(paper: tuple[str, Path], tmp_path: Path) -> None:
    with running(paper[1], tmp_path / "log", "--workers", "2") as service:
        service.workers(2)
        service.get("/health/ready")
        service.process.kill()
        service.process.wait()
        address = urlsplit(service.base)
        for _ in service.patiently("the workers live on"):
            with socket.socket() as probe:
                if probe.connect_ex((address.hostname, address.port)):
                    break


def test_every_worker_obeys_a_rule_on_the_next_request(paper: tuple[str, Path], tmp_path: Path) -> None:
    url, releases = paper
    path, head = path_of("mc-storm-04", "similar"), {}
    with closing(ArticleStore.open(url)) as store:
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
    head["Authorization"] = f"Bearer {secret}"
    options = ("--workers", "2", "--store", url, "--poll-seconds", "3600")
    with running(releases, tmp_path / "log", *options) as service:
        service.workers(2)
        shown = service.get(path).json()["items"][0]["id"]
        body = {"action": "exclude", "subject": {"kind": "article", "value": shown}, "reason": "law", "ends_at": None}
        with httpx.Client(base_url=service.base, limits=httpx.Limits(max_keepalive_connections=0)) as client:
            for _ in range(10):
                made = client.post("/v1/rules", json=body, headers=head).raise_for_status()
                assert not any(f'"{shown}"' in text for text in ten_at_once(client, path))
                client.delete(f"{made.headers['location']}?reason=settled", headers=head).raise_for_status()
                assert all(f'"{shown}"' in text for text in ten_at_once(client, path))
        assert secret not in service.output.read_text()


def ten_at_once(client: httpx.Client, path: str) -> list[str]:
    """A connection is taken by whichever worker is free, so that ten at once reach all."""
    with ThreadPoolExecutor(10) as pool:
        return [response.raise_for_status().text for response in pool.map(client.get, [path] * 10)]


def test_a_setting_that_cannot_be_used_stops_the_start_with_2(tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text('{"semantik": 1}')
    for options, named in ((["--port", "x"], "--port is 'x'"), (["--weights", str(weights)], "unknown semantik")):
        done = CliRunner().invoke(main, ["--releases", str(tmp_path), *options])
        assert done.exit_code == 2
        assert named in done.output
