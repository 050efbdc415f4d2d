"""What a build makes of a store: the same bytes from the same store, and nothing that the store has taken back."""

import filecmp
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from recsys import Recommender, Release
from recsys.articles import Article, Image, Status
from recsys.errors import ArticleNotFound
from recsys.store import ArticleStore

CONFIG = NightlyConfig(build=BuildConfig(neighbours=6), force=True)


def differing(one: Release, other: Release) -> list[str]:
    """Names of files that are not the same byte for byte; the manifest holds the time and is left out."""
    names = sorted(path.name for path in one.path.iterdir())
    assert names == sorted(path.name for path in other.path.iterdir())
    _, mismatch, errors = filecmp.cmpfiles(one.path, other.path, names, shallow=False)
    return [name for name in mismatch + errors if name != "manifest.json"]


def test_two_builds_of_one_store_are_byte_identical(tmp_path: Path) -> None:
    articles = [
        article(n, section="news", tags=("a", f"t{n % 4}"), byline=f"Ines Vallory and Rory M{'cx'[n % 2]}Aldane")
        for n in range(30)
    ]
    one, other = (published(tmp_path / name, articles, neighbours=6) for name in ("one", "other"))
    assert differing(one, other) == []


edits = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.integers(0, 5),
        st.sampled_from(list(Status)),
        st.sampled_from(["", "news", "sport/rowing"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(edits, min_size=1, max_size=3))
def test_night_after_night_equals_a_build_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, nights: list[list[tuple[int, int, Status, str]]]
) -> None:
    """Random edits, withdrawals and texts that move from one article to another (a stale vector would show)."""
    folder = tmp_path_factory.mktemp("nights")
    store = ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)
    final: dict[str, Article] = {}
    for night in nights:
        for number, text, status, section in night:
            made = article(number, title=f"title {text}", body=f"body {text} harbour", status=status, section=section)
            final[made.id] = made
            store.put([made])
        nightly(store, folder / "releases", FakeEmbedder(), replace(CONFIG, arrivals=0.0))
    scratch = published(folder / "scratch", list(final.values()), neighbours=6)
    assert differing(Release.open(folder / "releases"), scratch) == []


def test_only_usable_articles_are_in_a_release(make_release: MakeRelease) -> None:
    release = make_release([article(n, status=status) for n, status in enumerate(Status)])
    assert [release.ids[row] for row in range(len(release))] == ["a000"]
    with pytest.raises(ArticleNotFound):
        Recommender(release).similar("a001")


def test_boilerplate_is_reported_and_pulls_no_articles_together(make_release: MakeRelease) -> None:
    appeal = "Support the paper: local reporting needs local readers, so please subscribe today."
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
    bodies = [
        "\n".join(f"{word}{line} stands{word} here{word} on its{word} own{word}" for line in range(4)) for word in words
    ]
    with_appeal = make_release([article(n, title=f"t{n}", body=f"{body}\n{appeal}") for n, body in enumerate(bodies)])
    without = make_release([article(n, title=f"t{n}", body=body) for n, body in enumerate(bodies)])
    assert list(with_appeal.report["boilerplate"]["lines"].values()) == [12]
    assert without.report["boilerplate"]["lines"] == {}
    assert with_appeal.neighbours(0).words.max(initial=0) == without.neighbours(0).words.max(initial=0)
    assert np.array_equal(with_appeal.neighbours(0).cosine, without.neighbours(0).cosine)


def test_cards_hold_what_a_widget_shows(make_release: MakeRelease) -> None:
    made = article(
        1,
        title="Bridge “shut” — again",
        standfirst="Why",
        section="news/local",
        byline="By Ines Vallory",
        image=Image("https://paper.example/i.jpg", "A bridge"),
        published_at=DAY_ZERO + timedelta(hours=5),
    )
    card = make_release([made, article(2)]).card(0)
    assert (card.id, card.title, card.standfirst, card.section) == ("a001", made.title, "Why", "news/local")
    assert (card.url, card.image, card.published_at, card.authors) == (
        made.url,
        made.image,
        made.published_at,
        ("Ines Vallory",),
    )


def test_a_text_is_embedded_once_however_often_it_is_built(tmp_path: Path) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)
    store.put([article(n) for n in range(20)])
    embedder = FakeEmbedder()
    nightly(store, tmp_path / "r", embedder, CONFIG)
    assert sum(map(len, embedder.batches)) == 20
    store.put([article(3, title="another"), article(99), article(4, section="moved")])
    nightly(store, tmp_path / "r", embedder, CONFIG)
    assert sum(map(len, embedder.batches)) == 22
