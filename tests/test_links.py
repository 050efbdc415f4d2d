"""Links in bodies: found at ingest, kept beside the article, read as judgments."""

import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from conftest import SAMPLE
from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text

import recsys
from eval.__main__ import main
from eval.judged.links import links_in_bodies, write_links
from eval.judgments import Judgments, read_links
from index.embed import embed_missing
from index.ingest import IngestConfig, ingest
from recsys.articles import Article, Status
from recsys.records.body_links import MOST_LINKS, body_links
from recsys.store import ArticleStore, Outcome
from recsys.text import NO_BOILERPLATE

HERE = "https://paper.example/news/here"


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(store_url)) as opened:
        yield opened


def story(name: str, status: Status = Status.USABLE) -> Article:
    return Article(id=name, title=name, url=f"https://www.paper.example/{name}", status=status)


def address(name: str) -> str:
    return f"https://paper.example/{name}"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<p>See <a href="http://www.paper.example/a/?utm_source=x#top">a</a></p>', ["https://paper.example/a"]),
        ('<p><a href="/a">a</a> <a href="b">b</a> <a href="//other.example/c">c</a></p>',
         ["https://paper.example/a", "https://paper.example/news/b", "https://other.example/c"]),
        ('<p><a href=" /a\n b ">a</a><a href="/x?a=1&amp;b=2">x</a></p>',
         ["https://paper.example/a%20b", "https://paper.example/x?a=1&b=2"]),
        ('<p><a href="/a">1</a><a href="/b">2</a><a href="/a?fbclid=1">3</a></p>',
         ["https://paper.example/a", "https://paper.example/b"]),
        ('<p><a href="mailto:a@b.example">m</a><a href="javascript:f()">j</a><a href="#n">n</a><a href="">e</a>'
         '<a href="/news/here#later">self</a><a name="x">x</a><a href="http://[bad/">b</a></p>', []),
        ('<p>One</p><nav><a href="/n">n</a></nav><aside><a href="/s">s</a></aside><footer><a href="/f">f</a></footer>'
         '<figure><a href="/g">g</a></figure><form><a href="/ok">k</a></form><!-- <a href="/c">c</a> -->',
         ["https://paper.example/ok"]),
        ('<p style="display : NONE"><a href="/h">h</a></p><p><a href="/a">a</a> <b style="color:red">b</b></p>',
         ["https://paper.example/a"]),
        ("As told (https://paper.example/a), and HTTP://paper.example/b.\nNot paper.example/c",
         ["https://paper.example/a", "https://paper.example/b"]),
        ("no link at all", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses_are_found_as_a_reader_would_follow_them(body: str, found: list[str]) -> None:
    assert list(body_links(body, HERE)) == found


def test_relative_addresses_need_the_articles_own() -> None:
    assert body_links('<p><a href="/a">a</a><a href="https://paper.example/b">b</a></p>', "") == (address("b"),)


def test_a_body_of_links_alone_is_cut() -> None:
    body = "<p>" + "".join(f'<a href="/{n}">x</a>' for n in range(MOST_LINKS + 5)) + "</p>"
    assert len(body_links(body, HERE)) == MOST_LINKS


@given(st.lists(st.sampled_from(['<a href="', '">', "</a>", "<p>", "</p>", "http://[", "\0", "<!--", "é", " /a", "<"])))
def test_no_body_is_too_broken(pieces: list[str]) -> None:
    for url in body_links("".join(pieces), HERE):
        assert url.startswith("https://")


def test_new_links_alone_leave_an_article_unchanged_and_are_kept(store: ArticleStore) -> None:
    assert store.put([story("a"), story("b")], [[address("b"), "https://x.example"], []]) == [Outcome.NEW] * 2
    change, embedder = store.change(), FakeEmbedder()
    with store.snapshot() as snapshot:
        embed_missing(store, snapshot.articles(), embedder, NO_BOILERPLATE)
    calls = len(embedder.batches)
    assert store.put([story("a"), story("b")], [[], [address("a")]]) == [Outcome.UNCHANGED] * 2
    assert (store.links("a"), store.links("b"), store.links("none")) == ((), (address("a"),), ())
    assert store.change() == change
    with store.snapshot() as snapshot:
        embed_missing(store, snapshot.articles(), embedder, NO_BOILERPLATE)
        assert list(snapshot.links()) == [("b", "a")]
    assert len(embedder.batches) == calls
    store.put([story("b")])  # without a word on links they stay
    assert store.links("b") == (address("a"),)


def test_of_an_id_that_comes_twice_in_a_batch_the_last_links_count(store: ArticleStore) -> None:
    store.put([story("a"), story("a")], [["https://x.example/1"], ["https://x.example/2"]])
    assert store.links("a") == ("https://x.example/2",)


def test_links_from_and_to_articles_that_are_not_shown_are_none_until_they_return(store: ArticleStore) -> None:
    store.put([story("a"), story("b"), story("c")], [[address("b")], [address("c")], []])
    with store.full_export() as export:
        export.add(["a", "c"])
        export.retire_absent()
    assert links_in_bodies(store) == Judgments({}, "links in bodies")
    store.put([story("b")], [[address("c")]])
    assert links_in_bodies(store) == Judgments({"a": {"b": 1.0}, "b": {"c": 1.0}}, "links in bodies")
    store.put([story("c", Status.WITHHELD)], [[]])
    assert links_in_bodies(store).gains == {"a": {"b": 1.0}}


def test_links_lead_where_a_plain_search_leads(store: ArticleStore) -> None:
    rng = random.Random(5)
    pages = [f"https://paper.example/{n}" for n in range(12)] + [""]
    batch = [
        Article(id=f"{n:02}", title="t", url=rng.choice(pages), status=rng.choice([Status.USABLE, Status.CANCELED]))
        for n in range(40)
    ]
    links = [rng.sample([*pages[:12], "https://elsewhere.example"], rng.randrange(5)) for _ in batch]
    store.put(batch, links)
    usable = [article for article in batch if article.status == Status.USABLE]
    expected = []
    for article, urls in zip(batch, links, strict=True):
        for url in urls if article in usable else []:
            targets = [other.id for other in usable if other.url == url]
            if targets and url != article.url:
                expected.append((article.id, min(targets)))
    assert len(expected) > 10
    with store.snapshot() as snapshot:
        assert list(snapshot.links()) == expected


def test_a_store_of_version_1_is_upgraded_and_its_articles_stay_unchanged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(recsys.__file__).parent / "migrations"))
        command.upgrade(config, "0001")
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 'new.db'}", create=True)) as new:
        new.put([story("a"), story("b")])
    with engine.begin() as connection:
        connection.execute(text("ATTACH :path AS new"), {"path": str(tmp_path / "new.db")})
        columns = ", ".join(column["name"] for column in inspect(connection).get_columns("articles"))
        connection.execute(text(f"INSERT INTO articles ({columns}) SELECT {columns} FROM new.articles"))
        connection.execute(text("UPDATE counters SET value = 2 WHERE name = 'change'"))
    engine.dispose()
    with closing(ArticleStore.open(url, create=True)) as store:
        assert store.put([story("a"), story("b")], [[address("b")], []]) == [Outcome.UNCHANGED] * 2
        assert links_in_bodies(store).gains == {"a": {"b": 1.0}}
        assert store.change() == 2


def test_ingest_keeps_links_and_a_second_export_replaces_them(tmp_path: Path, store: ArticleStore) -> None:
    export = tmp_path / "export.jsonl"
    config = IngestConfig(rejects=tmp_path / "rejects.jsonl")
    record = {"byline": "By Ann Lee", "published_at": "2024-05-06", "title": "T"}
    for link, outcome in (("b", "new"), ("c", "unchanged"), ("c", "unchanged")):
        bodies = {"a": f'<p>As <a href="/{link}">told</a>.</p>', "b": "Plain.", "c": "<p>Plain.</p>"}
        lines = [json.dumps(record | {"id": i, "url": address(i), "body": body}) for i, body in bodies.items()]
        export.write_text("\n".join(lines))
        assert getattr(ingest([export], store, config), outcome) == 3
        assert links_in_bodies(store).gains == {"a": {link: 1.0}}
        article = store.get("a")
        assert article is not None
        assert article.body == "As told."


def test_the_command_writes_a_links_file_that_reads_as_it_was(tmp_path: Path) -> None:
    url, out = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "links.tsv"
    with closing(ArticleStore.open(url, create=True)) as store:
        ingest([SAMPLE], store, IngestConfig(rejects=tmp_path / "rejects.jsonl"))
        found = links_in_bodies(store)
    assert found.gains["mc-storm-03"] == {"mc-storm-02": 1.0}
    result = CliRunner().invoke(main, ["links", "--store", url, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.output == f"{sum(map(len, found.gains.values()))} links in the bodies of {len(found)} articles\n"
    assert read_links(out, "links in bodies") == found


def test_ids_with_quotes_and_gains_survive_a_links_file(tmp_path: Path) -> None:
    links = Judgments({'"a': {"b c": 2.0, "d": 0.125, "zero": 0.0}}, "links")
    write_links(links, tmp_path / "links.tsv")
    assert read_links(tmp_path / "links.tsv").gains == {'"a': {"b c": 2.0, "d": 0.125}}
