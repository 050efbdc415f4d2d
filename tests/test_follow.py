"""Following a CMS: what each kind of source gives, what a kill or a failure leaves, and how long a follower waits."""

import contextlib
import gzip
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cms import Cms, DrupalSite, Reply, WordPressSite, as_json, gmt, serving
from conftest import article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.__main__ import main
from index.embed import embedding_key
from index.follow import FollowConfig, Follower
from index.follow_state import FollowState
from index.ingest import ingest
from index.new_vectors import NewVectors
from index.origins import Batch, Cursor, origin_of
from index.origins.walk import Page, walk
from index.pauses import Pauses
from index.seen import Seen
from index.sources import Row
from recsys.articles import Article, AuthorName, Image, Status
from recsys.errors import ConfigError, ModelError, SourceError, StoreError
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE, Boilerplate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[1]


@pytest.fixture
def cms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cms]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as found:
        yield found


class Paper:
    """A store in a folder, and followers of one source that are started anew for each round, as after a kill."""

    def __init__(self, folder: Path, source: str, user: str | None = None, **mapping: str) -> None:
        self.store = ArticleStore.open(f"sqlite:///{folder / 'a.db'}", create=True)
        self.folder, self.source, self.user = folder, source, user
        self.config = FollowConfig(source, folder / "follow.json", folder / "rejects.jsonl", mapping)
        self.embedder = FakeEmbedder()
        self.now = NOW

    def follower(self, stopping: Callable[[], bool] = lambda: False, **more: Any) -> Follower:
        origin = origin_of(self.source, lambda: self.now, self.user, "secret words")
        releases = self.folder / "releases"
        given: dict[str, Any] = {"sleep": lambda seconds: None, "now": lambda: self.now}
        return Follower(
            more.pop("origin", origin),
            self.store,
            self.config,
            more.pop("vectors", lambda upto: NewVectors(self.store, releases, lambda: self.embedder, upto)),
            stopping,
            **given | more,
        )

    def round(self) -> None:
        self.follower().round()

    def ids(self) -> list[str]:
        return sorted((change.id for change in self.store.changes_after(0)), key=lambda key: (len(key), key))

    def get(self, key: str) -> Article:
        found = self.store.get(key)
        assert found is not None
        return found

    def has_vector(self, key: str, boilerplate: Boilerplate = NO_BOILERPLATE) -> bool:
        digest, _ = embedding_key(self.get(key), self.embedder, boilerplate)
        return bool(self.store.known_embeddings([digest]))


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Callable[..., Paper]]:
    made: list[Paper] = []

    def make(source: str, user: str | None = None, **mapping: str) -> Paper:
        made.append(Paper(tmp_path, source, user, **mapping))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def record(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "title": f"Title {key}", "byline": "By Ann Lee", "published_at": "2026-02-01"} | more


# --- files ---


def test_files_are_read_when_they_are_new_or_changed_and_only_then(paper: Callable[..., Paper], tmp_path: Path) -> None:
    lines(tmp_path / "one.jsonl", record("a"))
    found = paper(str(tmp_path / "*.jsonl"))
    found.round()
    assert found.ids() == ["a"]
    assert found.has_vector("a")
    change, state = found.store.change(), found.config.state.read_bytes()
    found.round()
    assert (found.store.change(), found.config.state.read_bytes()) == (change, state)
    lines(tmp_path / "two.jsonl", record("b"))
    lines(tmp_path / "one.jsonl", record("a", title="Another"))
    found.round()
    assert (found.ids(), found.get("a").title) == (["a", "b"], "Another")


def test_a_file_that_was_only_touched_is_not_read_again(paper: Callable[..., Paper], tmp_path: Path) -> None:
    path = lines(tmp_path / "one.jsonl", record("a"))
    found = paper(str(path))
    found.round()
    found.store.put([article(1, id="a", title="Taken from elsewhere")])
    os.utime(path, ns=(1, 1))
    for _ in range(2):
        found.round()
    assert found.get("a").title == "Taken from elsewhere"


def test_a_damaged_file_keeps_no_other_back_and_is_read_when_it_is_mended(
    paper: Callable[..., Paper], tmp_path: Path
) -> None:
    whole = gzip.compress(json.dumps(record("a")).encode() * 1)
    (tmp_path / "1.jsonl.gz").write_bytes(whole[:-9])
    lines(tmp_path / "2.jsonl", record("b"))
    found = paper(str(tmp_path / "*.jsonl*"))
    for _ in range(2):
        with pytest.raises(SourceError, match=r"1\.jsonl\.gz is damaged or cut short"):
            found.round()
        assert "b" in found.ids()
    (tmp_path / "1.jsonl.gz").write_bytes(whole)
    found.round()
    assert found.ids() == ["a", "b"]


def test_a_path_must_be_there_and_a_pattern_may_wait_for_its_first_file(
    paper: Callable[..., Paper], tmp_path: Path
) -> None:
    paper(str(tmp_path / "none/*.jsonl")).round()
    (tmp_path / "follow.json").unlink(missing_ok=True)
    with pytest.raises(SourceError, match=r"no file .*gone\.jsonl"):
        paper(str(tmp_path / "gone.jsonl")).round()


# --- an address ---


def test_an_address_is_fetched_again_only_when_its_server_says_that_it_changed(
    cms: Cms, paper: Callable[..., Paper]
) -> None:
    content, sent = {"articles": [record("a")], "count": 1}, []

    def route(_query: dict[str, str], headers: dict[str, str]) -> Reply:
        tag = f'"{len(json.dumps(content))}"'
        sent.append(headers.get("if-none-match"))
        return Reply(b"", 304) if headers.get("if-none-match") == tag else as_json(content, ETag=tag)

    cms.routes["/feed"] = route
    found = paper(f"{cms.address}/feed")
    found.round()
    found.round()
    assert sent[0] is None
    assert sent[1] is not None
    content["articles"] = [record("a"), record("bb")]
    found.round()
    assert found.ids() == ["a", "bb"]


def test_since_is_the_last_moment_of_an_article_less_the_overlap(cms: Cms, paper: Callable[..., Paper]) -> None:
    given = [record("a", updated_at="2026-03-01T10:00:00Z"), record("b", published_at="2027-01-01T00:00:00Z")]
    cms.routes["/x.jsonl"] = lambda query, headers: Reply("\n".join(map(json.dumps, given)).encode())
    found = paper(f"{cms.address}/x.jsonl?since={{since}}&token=t0p")
    found.round()
    found.round()
    assert [query["since"] for _, query in cms.asked] == ["1970-01-01T00:00:00Z", "2026-03-01T08:00:00Z"]


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/x.csv", "", b"id,title\na,T\n"),
        ("/x", "text/csv; charset=utf-8", b"id,title\na,T\n"),
        ("/x.jsonl.gz", "application/octet-stream", gzip.compress(b'{"id": "a", "title": "T"}\n')),
        ("/x", "application/x-ndjson", b'{"id": "a", "title": "T"}\n'),
        ("/x", "application/json", b'[{"id": "a", "title": "T"}]'),
        ("/x.php", "text/plain", b'[{"id": "a", "title": "T"}]'),
    ],
)
def test_the_kind_is_told_by_the_path_or_by_the_server(
    cms: Cms, paper: Callable[..., Paper], path: str, media_type: str, body: bytes
) -> None:
    cms.routes[path] = lambda query, headers: Reply(body, headers={"Content-Type": media_type})
    found = paper(cms.address + path)
    found.round()
    assert found.ids() == ["a"]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(b"<html>"), "gave no JSON"),
        (Reply(b'{"a": [], "b": []}'), "no list of articles"),
        (Reply(b"", 401), "check --user and --password-file"),
        (Reply(b"", 404), "check the address"),
        (Reply(b"", 302, {"Location": "file:///etc/passwd"}), "cannot be read"),
        (Reply(b"", 302, {"Location": "/x?secret"}), "TooManyRedirects"),
        (Reply(b"abc", 200, {"Content-Length": "7"}), "cannot be read"),
    ],
)
def test_what_a_server_does_wrong_is_a_source_error_that_tells_no_query(
    cms: Cms, paper: Callable[..., Paper], reply: Reply, text: str
) -> None:
    cms.routes["/x"] = lambda query, headers: reply
    with pytest.raises(SourceError, match=text) as refused:
        paper(f"{cms.address}/x?secret").round()
    assert "secret" not in str(refused.value)


def test_an_answer_has_a_largest_size(cms: Cms, paper: Callable[..., Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    cms.routes["/x"] = lambda query, headers: as_json([record("a")])
    monkeypatch.setattr("index.origins.client.LARGEST_FILE", 20)
    with pytest.raises(SourceError, match="gives more than 20 bytes"):
        paper(f"{cms.address}/x").round()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("ftp://paper.example/x", "write a path"),
        ("file:///etc/passwd", "write a path"),
        ("wordpress:paper.example", "write a path"),
        ("https://ann:word@paper.example/", "a password in its address"),
    ],
)
def test_a_source_that_cannot_be_is_refused_at_once(source: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        origin_of(source, lambda: NOW)


# --- WordPress ---


def test_a_post_has_all_our_fields(cms: Cms, paper: Callable[..., Paper]) -> None:
    WordPressSite(cms).save(17, NOW - MINUTE, published=NOW - DAY)
    found = paper(f"wordpress:{cms.address}")
    found.round()
    assert found.get("17") == Article(
        id="17",
        title="Story 17 – at sea",
        url="https://paper.example/17",
        body="Boats 17 stay in.",
        authors=(AuthorName("Ann Lee", "4"),),
        section="World/Europe & Asia",
        tags=("storm",),
        published_at=NOW - DAY,
        updated_at=NOW - MINUTE,
        image=Image("https://paper.example/i.jpg", "waves"),
    )
    assert not found.config.rejects.exists()


def test_co_authors_and_an_excerpt_that_somebody_wrote_are_read(cms: Cms, paper: Callable[..., Paper]) -> None:
    several = [{"display_name": "Ann Lee", "user_id": 4}, {"display_name": "Bo Day", "user_id": 0}]
    WordPressSite(cms).save(1, NOW, authors=several, excerpt={"rendered": "<p>Boats stay in.</p>"})
    found = paper(f"wordpress:{cms.address}")
    found.round()
    assert found.get("1").authors == (AuthorName("Ann Lee", "4"), AuthorName("Bo Day"))
    assert found.get("1").standfirst == "Boats stay in."


def test_every_post_comes_though_others_are_saved_while_pages_are_read(cms: Cms, paper: Callable[..., Paper]) -> None:
    """What counting pages would miss: a post of page 1 moves to the end, and one of page 2 into page 1."""
    site = WordPressSite(cms)
    for number in range(250):
        site.save(number, NOW - DAY + number * timedelta(minutes=3))

    def save_one(query: dict[str, str]) -> None:
        if query["orderby"] == "modified":
            site.save(len(cms.asked) % 50, NOW - timedelta(seconds=100 - len(cms.asked)))

    site.before_page = save_one
    found = paper(f"wordpress:{cms.address}")
    found.round()
    assert found.ids() == [str(number) for number in range(250)]


def test_more_posts_of_one_second_than_a_page_holds_all_come(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = WordPressSite(cms)
    for number in range(230):
        site.save(number, NOW - DAY)
    found = paper(f"wordpress:{cms.address}")
    found.round()
    assert len(found.ids()) == 230


def test_a_scheduled_post_comes_when_it_is_online_though_it_was_changed_long_before(
    cms: Cms, paper: Callable[..., Paper]
) -> None:
    site = WordPressSite(cms)
    site.save(1, NOW - DAY)
    found = paper(f"wordpress:{cms.address}")
    found.round()
    site.save(2, NOW - 5 * DAY, published=NOW + DAY)
    found.now = NOW + DAY + MINUTE
    found.round()
    assert found.ids() == ["1", "2"]


def test_an_account_sees_drafts_what_is_scheduled_and_the_trash(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = WordPressSite(cms)
    for number, status in enumerate(["publish", "future", "draft", "private", "trash"]):
        site.save(number, NOW - MINUTE, published=NOW + DAY if status == "future" else None, status=status)
    site.save(5, NOW - MINUTE, content={"rendered": "", "protected": True})
    found = paper(f"wordpress:{cms.address}", user="ann")
    found.round()
    held = Status.WITHHELD
    assert [found.get(str(n)).status for n in range(6)] == [
        Status.USABLE, Status.USABLE, held, held, Status.CANCELED, held,
    ]  # fmt: skip
    assert found.get("1").embargoed_until == NOW + DAY
    assert found.has_vector("2")
    assert not found.has_vector("4")
    site.save(0, NOW, status="trash")
    found.round()
    assert found.get("0").status is Status.CANCELED


# --- Drupal ---


def test_a_node_has_our_fields_and_its_own_by_map(cms: Cms, paper: Callable[..., Paper]) -> None:
    DrupalSite(cms).save(17, NOW - MINUTE)
    source = f"drupal:{cms.address}/jsonapi/node/article?include=uid,field_section.parent"
    found = paper(source, section="field_section", id="uuid")
    found.round()
    assert found.get("uuid-17") == Article(
        id="uuid-17",
        title="Story 17",
        url=f"{cms.address}/story/17",
        standfirst="In short.",
        body="Boats 17.",
        authors=(AuthorName("Ann Lee", "u-4"),),
        section="World/Europe",
        tags=("storm",),
        published_at=NOW - MINUTE,
        updated_at=NOW - MINUTE,
        language="en",
        image=Image(f"{cms.address}/i.jpg", "waves"),
    )


def test_all_nodes_come_in_pages_and_then_only_those_that_changed(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = DrupalSite(cms)
    for number in range(120):
        site.save(number, NOW - DAY + (number // 60) * 60 * MINUTE)
    found = paper(f"drupal:{cms.address}/jsonapi/node/article")
    found.round()
    assert found.ids() == [str(number) for number in range(120)]
    site.save(3, NOW, status=False)
    change = found.store.change()
    found.round()
    assert [one.id for one in found.store.changes_after(change)] == ["3"]
    assert found.get("3").status is Status.CANCELED
    (down,) = found.store.takedowns.standing()
    assert (down.article_id, down.who, down.reason) == ("3", f"follow {found.source}", "sent as withheld")


# --- laws ---


def state_of(paper: Paper) -> tuple[list[Article], set[str]]:
    found = [paper.get(key) for key in paper.ids()]
    digests = {embedding_key(one, paper.embedder, NO_BOILERPLATE)[0] for one in found}
    return found, paper.store.known_embeddings(digests)


@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(["wordpress", "drupal"]),
    good=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    steps=st.lists(st.integers(0, 2), min_size=25, max_size=25),
)
def test_a_source_that_fails_anywhere_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, kind: str, good: list[int], steps: list[int]
) -> None:
    """After any failures at any request, each with a new process, the store is as after one good round."""
    found = []
    for fails in (good, []):
        with serving() as cms, pytest.MonkeyPatch.context() as patched:
            patched.setenv("NO_PROXY", "127.0.0.1")
            for name in ("wordpress", "drupal"):
                patched.setattr(f"index.origins.{name}.PER_PAGE", 6)
            site = WordPressSite(cms) if kind == "wordpress" else DrupalSite(cms)
            moment = NOW - DAY
            for number, step in enumerate(steps):
                moment += timedelta(seconds=step)
                site.save(number, moment)
            path = "" if kind == "wordpress" else "/jsonapi/node/article"
            one = Paper(tmp_path_factory.mktemp("law"), f"{kind}:{cms.address}{path}")
            for count in fails:
                cms.fails_after(count)
                with contextlib.suppress(SourceError):
                    one.round()
            cms.mended()
            one.round()
            change, kept = one.store.change(), one.config.state.read_bytes()
            one.round()
            assert (one.store.change(), one.config.state.read_bytes()) == (change, kept), "a repeated round is none"
            found.append([[a.title for a in state_of(one)[0]], len(state_of(one)[1])])
            one.store.close()
    assert found[0] == found[1]
    assert found[0][1] == len(steps)


class Killed(BaseException):
    """What no handler catches, as a kill."""


@pytest.mark.parametrize("at", range(9))
def test_a_round_that_is_killed_anywhere_and_repeated_changes_nothing_more(
    paper: Callable[..., Paper], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    for name in ("1", "2", "3"):
        lines(tmp_path / f"{name}.jsonl", record(f"a{name}"), record(f"b{name}"), {"id": f"c{name}"})
    found = paper(str(tmp_path / "?.jsonl"))
    left = [at]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **more: Any) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return call(*args, **more)

        return wrapped

    with monkeypatch.context() as patched:
        for name in ("put", "put_embeddings"):
            patched.setattr(found.store, name, dying(getattr(found.store, name)))
        patched.setattr(Path, "replace", dying(Path.replace))  # of the state
        with pytest.raises(Killed):
            found.round()
    found.round()
    assert found.ids() == ["a1", "a2", "a3", "b1", "b2", "b3"]
    assert all(found.has_vector(key) for key in found.ids())
    assert found.store.change() == 6, "no article was written twice"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 6), max_size=40), st.integers(2, 5), st.lists(st.integers(0, 39), max_size=30))
def test_walking_finds_every_item_while_items_are_saved_anew(steps: list[int], size: int, saved: list[int]) -> None:
    """Of a list whose items move to its end between two pages; no second has more items than a page."""
    changed, moment = {}, NOW - DAY
    for number, step in enumerate(steps):
        moment += timedelta(seconds=step)
        changed[number] = moment
    found: dict[int, datetime] = {}
    saves = iter(saved)
    clock = [moment]

    def ask(since: datetime | None, number: int) -> Page:
        items = sorted((at, key) for key, at in changed.items() if since is None or at >= since)
        page = items[(number - 1) * size : number * size]
        found.update({key: at for at, key in page})
        more = len(items) > number * size
        if (key := next(saves, None)) in changed:
            clock[0] += timedelta(seconds=1)
            changed[key] = clock[0]
        return Page([], max((at for at, _ in page), default=None), more)

    for _ in walk(ask, None):
        pass
    for key in changed:
        assert key in found, f"{key} was never seen"


def test_a_record_that_repeats_is_not_taken_again_but_one_that_goes_back_is() -> None:
    seen = Seen("id")

    def fresh(*rows: dict[str, object]) -> list[object]:
        found = [row.record for row in seen.fresh(Row(n, row) for n, row in enumerate(rows, 1))]
        seen.keep()
        return found

    one, two = {"id": "a", "v": 1}, {"id": "a", "v": 2}
    assert fresh(one, two) == [one, two]
    assert fresh(two) == []
    assert fresh(one, two) == [one, two], "in the end the last one must be in the store"
    assert fresh(one) == [one]


def test_what_was_not_stored_is_not_taken_for_seen() -> None:
    seen, row = Seen("id"), Row(1, {"id": "a"})
    assert list(seen.fresh([row])) == [row]
    assert list(seen.fresh([row])) == [row]


def test_a_repeated_record_does_not_undo_what_was_written_since(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = WordPressSite(cms)
    site.save(1, NOW - MINUTE)
    found = paper(f"wordpress:{cms.address}")
    follower = found.follower()
    follower.round()
    found.store.put([article(1, id="1", status=Status.CANCELED)])
    follower.round()
    assert found.get("1").status is Status.CANCELED
    site.save(1, NOW)
    follower.round()
    assert found.get("1").status is Status.USABLE


def test_a_rejected_record_is_noted_once_though_it_is_read_every_round(cms: Cms, paper: Callable[..., Paper]) -> None:
    WordPressSite(cms).save(1, NOW - MINUTE, title={"rendered": ""})
    found = paper(f"wordpress:{cms.address}")
    follower = found.follower()
    for _ in range(3):
        follower.round()
    assert len(found.config.rejects.read_text().splitlines()) == 1


# --- state ---


def test_another_store_or_mapping_is_followed_from_the_beginning_and_another_source_is_refused(
    paper: Callable[..., Paper], tmp_path: Path
) -> None:
    path = lines(tmp_path / "one.jsonl", record("a", kicker="News"))
    first = paper(str(path))
    first.round()
    again = paper(str(path), section="kicker")
    again.round()
    assert again.get("a").section == "News"
    again.store.close()
    first.store.close()
    (tmp_path / "a.db").unlink()
    anew = paper(str(path), section="kicker")
    anew.round()
    assert anew.ids() == ["a"]
    with pytest.raises(ConfigError, match=r"the state of another source, .*one\.jsonl'"):
        paper(str(lines(tmp_path / "two.jsonl", record("b")))).round()


def test_a_store_that_was_put_back_gets_again_what_it_lacks(paper: Callable[..., Paper], tmp_path: Path) -> None:
    path = lines(tmp_path / "one.jsonl", record("a"))
    found = paper(str(path))
    found.round()
    state = json.loads(found.config.state.read_text())
    found.config.state.write_text(json.dumps(state | {"change": 99}))
    found.store.put([article(1, id="a")])
    found.round()
    assert found.get("a").title == "Title a"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1'])
def test_a_file_that_is_no_state_is_left_alone(paper: Callable[..., Paper], tmp_path: Path, text: str) -> None:
    found = paper(str(tmp_path / "*.jsonl"))
    found.config.state.write_text(text)
    with pytest.raises(ConfigError, match="is no state of `follow`"):
        found.round()
    assert found.config.state.read_text() == text


# --- vectors ---


def test_vectors_are_of_the_text_without_the_lines_that_the_release_found(tmp_path: Path) -> None:
    folder, notice = tmp_path / "paper", "Sign up for our newsletter"
    bodies = [f"Story {n} is about {n} boats that stayed in the harbour all day\n{notice}" for n in range(12)]
    release = published(folder, [article(n, body=body) for n, body in enumerate(bodies)])
    lines_found = Boilerplate(release.report["boilerplate"]["lines"])
    assert lines_found.counts
    lines(folder / "new.jsonl", record("new", body=f"Fresh news\n{notice}"))
    one = Paper(folder, str(folder / "new.jsonl"))
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}")) as store:
        one.store.close()
        one.store = store
        one.round()
        assert one.has_vector("new", lines_found)
        assert not one.has_vector("new")
        assert one.embedder.batches == [["Title new\nFresh news"]], "what the night embedded is not asked for again"


def test_what_others_write_is_embedded_while_a_follower_waits(paper: Callable[..., Paper], tmp_path: Path) -> None:
    found = paper(str(tmp_path / "*.jsonl"))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            found.store.put([article(7)])

    found.follower(lambda: len(slept) >= 5, sleep=sleep).run()
    assert found.has_vector("a007")
    assert slept == [1.0] * 5


def test_articles_come_in_though_the_model_cannot_be_loaded(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = WordPressSite(cms)
    for number in range(150):
        site.save(number, NOW - DAY + number * MINUTE)
    found = paper(f"wordpress:{cms.address}")

    def load() -> FakeEmbedder:
        raise ModelError("no model here")

    broken = found.follower(vectors=lambda upto: NewVectors(found.store, found.folder / "r", load, upto))
    with pytest.raises(ModelError):
        broken.round()
    assert len(found.ids()) == 150
    found.round()
    assert all(found.has_vector(key) for key in found.ids())


# --- pauses ---


class Fickle:
    """A source that fails as it is told: by round, an error or None."""

    def __init__(self, *rounds: Exception | None) -> None:
        self.rounds = list(rounds)

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        if self.rounds and (error := self.rounds.pop(0)) is not None:
            raise error
        yield Batch("fickle", [], lambda latest: {})


def test_a_follower_waits_twice_as_long_after_each_failure_and_not_after_a_success(
    paper: Callable[..., Paper], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found, origin = (
        paper(str(tmp_path)),
        Fickle(*[SourceError("away")] * 6, None, StoreError("full"), ValueError(), None),
    )
    slept = [0.0]
    waits: list[float] = []
    object.__setattr__(found.config, "pauses", Pauses(30.0, chance=lambda: 0.5))

    class Counting:
        def batches(self, cursor: Cursor) -> Iterator[Batch]:
            waits.append(slept[0])
            slept[0] = 0.0
            return origin.batches(cursor)

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    caplog.set_level(logging.INFO)
    found.follower(lambda: len(waits) > 10, sleep=sleep, origin=Counting(), vectors=None).run()
    assert waits[1:] == pytest.approx([54.0, 108.0, 216.0, 432.0, 540.0, 540.0, 30.0, 54.0, 108.0, 30.0])
    texts = [one.getMessage() for one in caplog.records]
    source = str(tmp_path)
    assert texts == ["away", f"{source}: following goes on", "full", "ValueError()", f"{source}: following goes on"]


@given(st.floats(0.1, 3600), st.integers(0, 5000), st.floats(0, 0.999), st.floats(0, 1e6))
def test_a_pause_is_between_the_interval_and_its_bound(
    interval: float, failures: int, chance: float, asked: float
) -> None:
    pause = Pauses(interval, chance=lambda: chance).after(failures, asked)
    assert interval <= pause <= max(600.0, interval)
    assert failures or pause == interval


def test_a_server_that_asks_for_a_pause_gets_it(cms: Cms, paper: Callable[..., Paper]) -> None:
    cms.fails_after(0, 429, **{"Retry-After": "120"})
    found, slept = paper(f"wordpress:{cms.address}"), []
    found.follower(lambda: sum(slept) > 0 and len(cms.asked) > 1, sleep=slept.append).run()
    assert sum(slept) == pytest.approx(120.0)


def test_a_stop_lets_the_running_batch_end_and_asks_for_no_other(cms: Cms, paper: Callable[..., Paper]) -> None:
    site = WordPressSite(cms)
    for number in range(150):
        site.save(number, NOW - DAY + number * MINUTE)
    found = paper(f"wordpress:{cms.address}")
    found.follower(lambda: found.store.change() > 0).run()
    assert len(found.ids()) == 100
    found.round()
    assert len(found.ids()) == 150


# --- the command ---


def test_the_command_does_one_round(tmp_path: Path) -> None:
    lines(tmp_path / "one.jsonl", record("a"), {"id": "b"})
    arguments = [
        "follow",
        "--source",
        str(tmp_path / "one.jsonl"),
        "--store",
        f"sqlite:///{tmp_path / 's.db'}",
        "--once",
    ]
    arguments += ["--no-embed", "--state", str(tmp_path / "f.json"), "--rejects", str(tmp_path / "r.jsonl")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        assert store.get("a") is not None
    assert json.loads((tmp_path / "r.jsonl").read_text())["reason"] == "no title"
    (tmp_path / "one.jsonl").unlink()
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "Error: no file" in result.output) == (1, True)


@pytest.mark.parametrize(
    "options",
    [
        ["--interval", "0s"],
        ["--interval", "soon"],
        ["--source", "https://paper.example", "--user", "ann"],
        ["--source", "gopher://paper.example"],
    ],
)
def test_an_option_that_cannot_be_used_ends_with_1(tmp_path: Path, options: list[str]) -> None:
    arguments = ["follow", "--source", "x.jsonl", "--store", f"sqlite:///{tmp_path / 's.db'}", "--once", *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "Error: " in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_follower_with_0(tmp_path: Path, number: signal.Signals) -> None:
    lines(tmp_path / "one.jsonl", record("a"))
    code = [
        sys.executable,
        "-m",
        "index",
        "follow",
        "--source",
        "one.jsonl",
        "--store",
        f"sqlite:///{tmp_path / 's.db'}",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*code, "--no-embed"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        assert "1 new" in run.stderr.readline()
        run.send_signal(number)
        assert run.wait(20) == 0
        assert "Traceback" not in run.stderr.read()


def test_gmt_has_no_zone() -> None:
    assert gmt(NOW) == "2026-03-01T12:00:00"


# --- beside other writers ---


def test_an_old_record_of_a_source_that_lags_behind_is_counted_and_passed_over(
    tmp_path: Path, paper: Callable[..., Paper], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = lines(tmp_path / "p.jsonl", record("a", title="Old", updated_at="2026-02-02T10:00:00Z"), record("b"))
    found = paper(str(file))
    newer = article(1, id="a", title="New", updated_at=datetime(2026, 2, 2, 11, tzinfo=UTC))
    found.store.put([newer])
    found.round()
    assert found.get("a") == newer
    assert "1 new, 1 stale" in caplog.text
    lines(file, record("a", title="Newest", updated_at="2026-02-02T12:00:00Z"))
    found.round()
    assert found.get("a").title == "Newest"


def test_what_is_unpublished_at_the_source_stays_out_until_it_is_published_there_again(
    tmp_path: Path, paper: Callable[..., Paper]
) -> None:
    file, moments = tmp_path / "p.jsonl", [f"2026-02-02T{hour}:00:00Z" for hour in (10, 11, 12)]
    old = record("a", updated_at=moments[0])
    found = paper(str(lines(file, old)))
    found.round()
    lines(file, record("a", updated_at=moments[1], status="withheld"))
    found.round()
    lines(tmp_path / "old.jsonl", old)
    ingest([tmp_path / "old.jsonl"], found.store)
    assert found.get("a").status is Status.CANCELED
    (standing,) = found.store.takedowns.standing()
    assert standing.who == f"follow {file}"
    lines(file, record("a", updated_at=moments[2]))
    found.round()
    assert found.get("a").status is Status.USABLE
    stored = found.store.edits.get("a")
    assert stored is not None
    assert stored.written_by == f"follow {file}"


def test_what_a_killed_follower_put_aside_is_removed_by_the_next(tmp_path: Path) -> None:
    fresh = FollowState("a.jsonl", {}, 7, change=3)
    path = tmp_path / "follow[1].json"
    fresh.write(path)
    kept = [path, path.with_name(f"{path.name}.bak"), tmp_path / f"other.json.{'0' * 32}"]
    for one in kept[1:]:
        one.write_text("x")
    path.with_name(f"{path.name}.{'0f' * 16}").write_text("half")
    assert FollowState.read(path, FollowState("a.jsonl", {}, 7)) == fresh
    assert sorted(tmp_path.iterdir()) == sorted(kept)
