"""The invented newspaper is what the issue of it asks for, and its lists are what an editor would print."""

import csv
import json
from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from conftest import SAMPLE

from eval.evaluate import evaluate, systems
from eval.judgments import read_links
from recsys import Recommender, Release, Weights
from recsys.articles import Article
from recsys.authors import persons_of
from recsys.markup import html_to_text

LINKS = SAMPLE.with_name("links.tsv")
ARTICLES = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def test_it_is_large_and_varied_enough() -> None:
    assert len(ARTICLES) >= 150
    assert median(len(html_to_text(a["body"]).split()) for a in ARTICLES) > 250
    authors = {p.key for a in ARTICLES for p in persons_of(Article(a["id"], a["title"], byline=a.get("byline", "")))}
    assert len(authors) >= 15
    assert len({a["section"] for a in ARTICLES}) >= 8
    dates = sorted(a["published_at"] for a in ARTICLES)
    assert int(dates[-1][:4]) - int(dates[0][:4]) == 2


def test_ids_and_addresses_are_unique_and_invented() -> None:
    for field in ("id", "url"):
        assert max(Counter(a[field] for a in ARTICLES).values()) == 1
    assert all(a["url"].startswith("https://www.marrowickcourier.example/") for a in ARTICLES)


def test_links_join_articles_of_the_paper() -> None:
    ids = {a["id"] for a in ARTICLES}
    with LINKS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) >= 300
    assert all(row["article_id"] in ids and row["related_id"] in ids - {row["article_id"]} for row in rows)


@pytest.fixture(scope="module")
def release(demo: Path) -> Release:
    return Release.open(demo / "var/demo/releases")


def test_our_ranking_finds_more_of_the_editors_links_than_words_or_meaning_alone(release: Release) -> None:
    words, meaning, ours = evaluate(release, read_links(LINKS), systems(Weights()))
    assert ours.recall_at_10 > max(words.recall_at_10, meaning.recall_at_10)
    assert ours.mrr > max(words.mrr, meaning.mrr)


def test_boilerplate_of_the_paper_is_found_and_nothing_else(release: Release) -> None:
    lines = release.report["boilerplate"]["lines"]
    assert len(lines) == 3
    assert [line.split()[0] for line in lines] == ["support", "sign", "read"]


def test_an_author_of_many_spellings_is_one_person(release: Release) -> None:
    recommender = Recommender(release)
    printed = {a["id"]: a.get("byline", "") for a in ARTICLES}
    found = recommender.more_from_author("mc-maternity-01", 100, co_authors=False).items
    assert {"O'SHEE" in printed[i.id] or "O’Shee" in printed[i.id] or "O'Shee" in printed[i.id] for i in found} == {
        True
    }
    assert len({printed[i.id] for i in found}) >= 3
