"""An answer as it is sent: byte for byte what the core's own answer is as JSON, though its cards are only copied."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from index.nightly import NightlyConfig, nightly
from recsys.answers import Fallback
from recsys.articles import Image
from recsys.cards import card_of, decode, encode, id_of
from recsys.recommender import Recommender
from recsys.store import ArticleStore
from service.app import create_app
from service.live import Live
from service.settings import Settings

WHEN = datetime(2026, 3, 1, 6, 0, 0, 250_000, tzinfo=UTC)
ODD = ['Says "no"', 'ends {"score":0.5,"source":"x"}', "back\\slash\n", "a\u2028b \U0001f600", "<b>&amp;</b>", "", "]}"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("paper")
    url = f"sqlite:///{folder / 'articles.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put(
            [
                article(
                    n,
                    id=f'a"{n:02}' if n == 3 else f"a{n:02}",
                    title=f"{ODD[n % len(ODD)]} {n}",
                    standfirst=ODD[-n % len(ODD)],
                    byline="By Odo Quirk" if n % 2 else 'By Ann "Score" Lee and Odo Quirk',
                    image=Image("https://img.example/1.jpg", ODD[n % len(ODD)]) if n % 3 else None,
                    published_at=WHEN if n % 5 else None,
                )
                for n in range(14)
            ]
        )
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
        with TestClient(create_app(Settings(folder / "releases", store=url, poll_seconds=0.05))) as found:
            store.put([article(50, id="a50", title=ODD[1], byline="By Odo Quirk")])  # of the night it knows nothing
            yield found


def recommender(client: TestClient) -> Recommender:
    live: Live = client.app.state.live  # type: ignore[attr-defined]
    assert live.view is not None
    return live.view.recommender


ARTICLES = st.sampled_from([f"a{n:02}" for n in range(14) if n != 3])
NARROWED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"explain": st.booleans()}, optional={"section": st.just("news"), "exclude": st.just(["a02"])}
)
FALLBACK = st.sampled_from(list(Fallback))


@given(ARTICLES, st.integers(1, 20), FALLBACK, NARROWED)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_list_is_written_as_the_core_answers_it(
    client: TestClient, key: str, k: int, fallback: Fallback, narrowed: dict[str, Any]
) -> None:
    core, asked = recommender(client), {"k": k, **narrowed}
    for verb, answer in (
        ("similar", core.similar(key, k, fallback=fallback, **narrowed)),
        ("more-from-author", core.more_from_author(key, k, fallback=fallback, **narrowed)),
    ):
        got = client.get(f"/v1/articles/{key}/{verb}", params=asked | {"fallback": fallback.value})
        assert got.content == msgspec.json.encode(answer)
    got = client.get(f"/v1/articles/{key}/coverage", params=asked)
    assert got.content == msgspec.json.encode(core.coverage(key, k, **narrowed))


@given(ARTICLES, st.tuples(*[st.integers(0, 9)] * 3), FALLBACK, FALLBACK, NARROWED)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_lists_of_a_page_are_written_as_the_core_answers_them(
    client: TestClient, key: str, counts: tuple[int, ...], fill: Fallback, author: Fallback, narrowed: dict[str, Any]
) -> None:
    more = dict(zip(("similar", "author", "coverage"), counts, strict=True)) | narrowed
    answer = recommender(client).related(key, fallback=fill, author_fallback=author, **more)
    asked = more | {"fallback": fill.value, "author_fallback": author.value}
    assert client.get(f"/v1/articles/{key}/related", params=asked).content == msgspec.json.encode(answer)


def test_an_article_that_came_after_the_night_is_written_too(client: TestClient) -> None:
    live: Live = client.app.state.live  # type: ignore[attr-defined]
    live.step()
    until = datetime.now(UTC).timestamp() + 20
    while "a50" not in recommender(client).release and datetime.now(UTC).timestamp() < until:
        live.step()
    answer = recommender(client).more_from_author("a01", 20)
    assert "a50" in [item.id for item in answer.items]
    assert client.get("/v1/articles/a01/more-from-author?k=20").content == msgspec.json.encode(answer)


def test_a_card_is_that_of_its_row(client: TestClient) -> None:
    release = recommender(client).release
    for row in range(len(release)):
        assert release.card(row) == decode(release.card_bytes(row))
        assert id_of(release.card_bytes(row)) == release.ids[row]


@given(st.text(min_size=1))
@example('a"b\\')
@example('{"id":"x"}')
def test_the_id_of_a_card_is_read_whatever_it_holds(key: str) -> None:
    assert id_of(encode(card_of(replace(article(1), id=key), []))) == key
