"""An editor is told why an article stands where it does, or what keeps it out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, article, published
from test_standing import NOW, Clock, overlay, rule

from recsys import Recommender, Release
from recsys.__main__ import main
from recsys.articles import Article, AuthorName, Status
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.rules import Action, Kind, Rule, Widget
from recsys.store import ArticleStore

INES = (AuthorName("Ines Vallory"),)


def paper() -> list[Article]:
    return [article(n, section="news/local", tags=("harbour",), authors=INES if n % 2 else ()) for n in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    published(folder, paper())
    return folder


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return Release.open(folder / "releases")


def obstacles(release: Release, said: Overlay, other: str = "a002", article_id: str = "a001", **asked: object) -> str:
    found = Recommender(release, overlay=said, clock=Clock(NOW)).explain(article_id, other, **asked)  # type: ignore[arg-type]
    assert found.similar is None
    return "; ".join(found.obstacles)


def test_what_keeps_an_article_out_is_said_with_who_and_when(release: Release) -> None:
    times = {"starts_at": NOW - timedelta(minutes=57), "ends_at": NOW.replace(hour=6)}
    legal = rule(Action.EXCLUDE, Kind.ARTICLE, "a002", reason="legal", **times)
    assert obstacles(release, overlay(rule(Action.HIDE, widget=Widget.AUTHOR), legal)) == (
        "excluded by rule 2 on article 'a002' from 2026-04-10 23:03 UTC until 2026-04-11 06:00 UTC (A. Editor: legal)"
    )
    taken = Lifecycle(Status.CANCELED, changed_at=datetime(2026, 4, 10, 12, 3, tzinfo=UTC))
    assert obstacles(release, overlay(a002=taken)) == "withdrawn 2026-04-10 12:03 UTC: its status is canceled"
    later = Lifecycle(embargoed_until=NOW + timedelta(seconds=1))
    assert obstacles(release, overlay(a002=later)) == "embargoed until 2026-04-11 00:00:01 UTC"
    assert obstacles(release, overlay(a002=Lifecycle(expires_at=NOW))) == "expired 2026-04-11 00:00:00 UTC"
    assert "marked it as not to be recommended" in obstacles(release, overlay(a002=Lifecycle(recommendable=False)))
    assert "marked the page to show no lists" in obstacles(release, overlay(a001=Lifecycle(show_related=False)))
    assert "shows no such list by rule 1 on everything" in obstacles(release, overlay(rule(Action.HIDE)))
    both = obstacles(release, overlay(legal, a002=later))
    assert "embargoed" in both
    assert "rule 1" in both


def test_what_the_request_and_the_ranking_leave_out_is_said_too(release: Release) -> None:
    nobody = Overlay()
    assert obstacles(release, nobody, "a001") == "it is the article itself"
    assert obstacles(release, nobody, exclude=["a002"]) == "the request excludes it"
    assert "not in the section 'sport'" in obstacles(release, nobody, section="sport")
    assert "in a section that the request excludes" in obstacles(release, nobody, exclude_section=["news"])
    assert "was not published after" in obstacles(release, nobody, published_after=NOW)
    assert "was not yet published at" in obstacles(release, nobody, as_of=DAY_ZERO)
    recommender = Recommender(release)
    last = recommender.similar("a001", 11).items[-1]
    assert (
        obstacles(release, nobody, last.id, k=3) == "others come first: it has place 11 of those that are near enough"
    )


def test_the_words_name_what_is_shared_and_what_editors_did(release: Release) -> None:
    said = overlay(rule(Action.BOOST, Kind.TAG, "harbour", factor=1.5), a003=Lifecycle(evergreen=True))
    found = Recommender(release, overlay=said, clock=Clock(NOW)).explain("a001", "a003")
    text = found.text()
    assert "section in common: news/local" in text
    assert "author in common: Ines Vallory" in text
    assert "tag in common: harbour" in text
    assert "evergreen: it does not age" in text
    assert "factor 1.5 by rule 1 on tag 'harbour'" in text
    assert "more from the author: place" in text
    assert f"{found.score:.4f}   score" in text
    assert "2.0 days later" in Recommender(release).explain("a001", "a003").text()
    assert "2.0 days earlier" in Recommender(release).explain("a003", "a001").text()


def test_the_program_reads_the_store_s_last_word(folder: Path) -> None:
    releases, url = str(folder / "releases"), f"sqlite:///{folder / 'articles.db'}"

    def explain(*more: str) -> str:
        result = CliRunner().invoke(main, ["explain", "a001", "a002", "--releases", releases, *more])
        assert result.exit_code == 0, result.output
        return result.output

    assert "similar stories: place" in explain("--store", url)
    store = ArticleStore.open(url)
    now = datetime.now(UTC)
    store.desk.add(
        Rule(Action.EXCLUDE, rule(Action.EXCLUDE, Kind.ARTICLE, "a002").subject, "Ed", "why", now, None), "Ed"
    )
    assert "not shown: excluded by rule 1" in explain("--store", url)
    store.put([replace(paper()[2], status=Status.WITHHELD)])
    assert "not shown: withdrawn" in explain("--store", url)
    assert "similar stories: place" in explain()
    gone = CliRunner().invoke(main, ["explain", "a001", "nowhere", "--releases", releases])
    assert (gone.exit_code, gone.output) == (1, "Error: no article 'nowhere' in this release\n")
