"""A night after few changes: its release is what the live service shows, and what a full build gives, at less cost."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_extension import check_filters, check_recall, everything_of
from test_laws import articles, narrowings, overlays
from test_recommender import paper
from test_standing import Clock

import recsys.manifest
from eval.baselines.nearest import EMBEDDING
from eval.baselines.scoring import answer
from index import publish
from index.__main__ import main
from index.build import BuildConfig
from index.delta import most_arrivals
from index.nightly import NightlyConfig, nightly
from index.shelf import shelf_of
from recsys import Recommender, Release, release_folder
from recsys.answers import RelatedAnswer
from recsys.articles import Article, AuthorName, Status
from recsys.errors import ArticleNotFound, ReleaseDamaged, ReleaseError
from recsys.extension import Extension
from recsys.manifest import Foundation, Manifest
from recsys.overlay import Overlay, follow
from recsys.release import current_id
from recsys.release_folder import release_ids
from recsys.seal import verify_once
from recsys.store import ArticleStore
from recsys.variety import AS_RANKED
from service.newcomers import Newcomers

ADD = NightlyConfig(BuildConfig(neighbours=6), force=True, arrivals=1.0)
FULL = replace(ADD, arrivals=0.0, rebuild=True)
N = 14


class Paper:
    """A newspaper's store and releases in a folder."""

    def __init__(self, folder: Path) -> None:
        self.url, self.releases = f"sqlite:///{folder / 'articles.db'}", folder / "releases"
        self.store = ArticleStore.open(self.url, create=True)

    def night(self, config: NightlyConfig = ADD) -> Manifest:
        return nightly(self.store, self.releases, FakeEmbedder(), config)

    def release(self) -> Release:
        return Release.open(self.releases)

    def changed_since(self, change: int) -> list[Article]:
        found = self.store.changes_after(change)
        return self.store.articles([one.id for one in found if one.status is Status.USABLE])


def first_articles() -> list[Article]:
    names = (AuthorName("Ines Vallory"), AuthorName("Bo Day"))
    return [
        article(n, authors=names[: n % 3], section=f"news/{'ab'[n % 2]}", tags=("a", "b")[: n % 3]) for n in range(N)
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After a full night; who changes it copies it."""
    folder = tmp_path_factory.mktemp("template")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)) as store:
        store.put(first_articles())
        nightly(store, folder / "releases", FakeEmbedder(), FULL)
    return folder


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[Paper]:
    with closing(copied(template, tmp_path / "house").store):
        yield Paper(tmp_path / "house")


def copied(template: Path, folder: Path) -> Paper:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return Paper(folder)


def taken_in(extension: Extension, changed: Sequence[Article]) -> None:
    """As the live service does it."""
    for one in changed:
        if not extension.knows(one, True):
            extension.add(one, FakeEmbedder().embed([extension.text(one)])[0])


def lists(release: Release, overlay: Overlay | None = None) -> dict[str, RelatedAnswer]:
    """What every page shows, and which pages there are."""
    recommender = Recommender(release, overlay=overlay, clock=Clock(DAY_ZERO + timedelta(days=400)))
    keys = {release.ids[row] for row in range(len(release))}
    return {
        key: recommender.related(key, 20, 9, 9, explain=place % 2 == 0)
        for place, key in enumerate(sorted(keys))
        if key in release and not recommender.gone(key)
    }


edits = st.lists(
    st.builds(
        lambda number, status, title, section, authors, tags, days, evergreen, hidden: article(
            number, status=status, section=section, authors=authors, tags=tags, evergreen=evergreen,
            expires_at=None if days is None else DAY_ZERO + timedelta(days=days), recommendable=not hidden,
            **({"title": title, "body": f"{title} harbour council storm"} if title else {}),
        ),
        st.integers(0, N + 4),
        st.sampled_from([Status.USABLE] * 4 + [Status.CANCELED, Status.WITHHELD]),
        st.sampled_from(["", "", "Storm in the harbour", "Council votes", "A rare topic"]),
        st.sampled_from(["", "news/a", "culture/film"]),
        st.sampled_from([(), (AuthorName("Ines Vallory"),), (AuthorName("Li Wei"), AuthorName("Bo Day"))]),
        st.sampled_from([(), ("a",), ("b", "new"), ("newer",)]),
        st.sampled_from([None, None, 300, 500]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


WIRE = " ".join(f"harbour council flood{n} water{n % 7} storm{n}" for n in range(30))


def wired(number: int, words: str = "", hours: int = 0) -> Article:
    return article(
        number, title=f"Flood {words}", body=f"{WIRE} {words}", published_at=DAY_ZERO + timedelta(hours=hours)
    )


@example(  # a row that is withheld, then replaced, and what is replaced again and again while copies come
    nights=[
        [replace(first_articles()[2], recommendable=False, expires_at=DAY_ZERO), wired(20), wired(21, "again", 3)],
        [wired(2), wired(20, "changed", 1), wired(22, "here", 2)],
        [wired(20, "once more", 4), wired(23, "there", 5), wired(24)],
    ]
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(edits, min_size=1, max_size=3))
def test_night_after_night_answers_as_the_live_service_over_the_full_build_does(
    template: Path, tmp_path: Path, nights: list[list[Article]]
) -> None:
    house = copied(template, tmp_path / "nights")
    base, gone = house.release(), set[str]()
    live, change, overlay = Extension(base), base.manifest.change, Overlay.none_since(base.manifest.change)
    for night in nights:
        house.store.put([one for one in night if one.id not in gone])  # who comes back gets a row of its own
        gone |= {one.id for one in house.store.changes_after(change) if one.status is not Status.USABLE}
        taken_in(live, house.changed_since(change))
        change, overlay = house.store.change(), follow(house.store, overlay)
        manifest = house.night()
        found = house.release()
        assert manifest.change == change
        assert lists(found) == lists_of_live(live.release(), overlay, found)
        assert manifest.articles == house.store.count()[Status.USABLE] == found.present.sum()
    live.settle(overlay.changed)
    ours, theirs = everything_of(found), everything_of(live.release())
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    rebuilt = house.night(FULL)
    counts = {name: number for name, number in rebuilt.counts.items() if name.startswith("with_")}
    assert {name: manifest.counts[name] for name in counts} == counts


def lists_of_live(release: Release, overlay: Overlay, like: Release) -> dict[str, RelatedAnswer]:
    """The same of a release that the live service shows, as if it were the release `like`."""
    return {key: replace(page, release=like.id) for key, page in lists(release, overlay).items()}


def test_two_nights_are_one_night_with_both_changes(template: Path, tmp_path: Path) -> None:
    late = [article(n, title=f"Storm {n % 2}", body="storm harbour", tags=("new",), section="x/y") for n in (3, 30, 31)]
    later = [article(n, title="Council votes", authors=(AuthorName("Li Wei"),)) for n in (5, 32)]
    one, two = copied(template, tmp_path / "one"), copied(template, tmp_path / "two")
    for house in (one, two):
        house.store.put(late)
        house.store.takedowns.take_down("a007", "Ed", "a mistake")
        if house is two:
            house.night()
        house.store.put(later)
        house.store.put([article(9, title=first_articles()[9].title, status=Status.WITHHELD)])
    manifests = [house.night() for house in (one, two)]
    assert manifests[0].foundation == manifests[1].foundation
    assert manifests[0].foundation is not None
    assert (manifests[0].foundation.arrivals, manifests[0].articles) == (5, N + 3 - 2)
    assert manifests[0].counts == manifests[1].counts
    ours, theirs = (everything_of(house.release()) for house in (one, two))
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    again = tmp_path / "again"
    again.mkdir()
    taken = Extension(two.release(), keeping=True)
    taken.save(again)  # what is opened is what was saved, to the last byte
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in two.release().path.glob("arrivals.*")
    }


def test_neighbours_are_those_of_a_full_build_as_far_as_those_of_the_live_service_are(
    tmp_path: Path, make_release: MakeRelease
) -> None:
    everything = paper(5, 200)
    later = everything[3::20]
    config = NightlyConfig(BuildConfig(neighbours=30), force=True, arrivals=1.0)
    house = Paper(tmp_path)
    house.store.put([one for one in everything if one not in later])
    house.night(config)
    for part in (later[:4], later[4:]):
        house.store.put(part)
        house.night(config)
    check_recall(house.release(), make_release(everything, neighbours=30), everything, later)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """The paper of the laws: built whole, and its last third added by two nights, some changed, some withdrawn."""
    whole, folder = list(articles()), tmp_path_factory.mktemp("paper")
    gone = [replace(whole[n], id=f"gone-{n}", url=f"https://paper.example/gone/{n}") for n in (1, 8, 44)]
    house = Paper(folder)
    config = NightlyConfig(BuildConfig(neighbours=8), force=True, arrivals=1.0)
    older = [replace(one, title="An older title", section="", expires_at=None) for one in whole[40:45]]
    house.store.put([*whole[:40], *older, *gone[:2]])
    house.night(config)
    for part in ([*whole[40:50], gone[2]], [replace(one, status=Status.CANCELED) for one in gone] + whole[50:]):
        house.store.put(part)
        house.night(config)
    return house.release(), published(tmp_path_factory.mktemp("whole"), whole, neighbours=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 59), k=st.integers(0, 70), overlay=overlays, asked=narrowings, hours=st.integers(-4, 4))
def test_every_filter_and_every_rule_is_obeyed_as_in_a_full_build(
    halves: tuple[Release, Release], number: int, k: int, overlay: Overlay, asked: dict[str, object], hours: int
) -> None:
    check_filters(halves, number, k, overlay, asked, hours)


def test_what_is_withdrawn_is_in_the_release_no_more_and_comes_back_with_a_row_of_its_own(house: Paper) -> None:
    card = house.release().card(3)
    house.store.takedowns.take_down("a003", "Ed", "a mistake")
    assert house.night().articles == N - 1
    release = house.release()
    assert "a003" not in release
    for asked in (lambda: release.row("a003"), lambda: release.row_of_url(card.url)):
        with pytest.raises(ArticleNotFound):
            asked()
    recommender = Recommender(release, variety=AS_RANKED)
    for key in ("a000", "a005"):
        page = recommender.related(key, 50, 50)
        assert "a003" not in {item.id for item in (*page.similar, *page.author)}
    simple = [one.doc for one in answer(EMBEDDING, release, ["a005"]).lists["a005"]]
    assert sorted(simple) == sorted({f"a{n:03}" for n in range(N)} - {"a003", "a005"})
    house.store.takedowns.lift("a003", "Ed", "it was none")
    service = Newcomers(house.url, None, lambda: None)
    service.beside(release)
    service.round()
    assert "a003" in service.beside(release), "at once beside the release that lacks it"
    service.stop()
    assert house.night().articles == N
    again = house.release()
    assert again.card(again.row("a003")) == card
    assert again.row_of_url(card.url) == again.row("a003") == N
    assert not again.withdrawn
    ids = [item.id for item in Recommender(again, variety=AS_RANKED).similar("a005", 50).items]
    assert sorted(ids) == sorted({f"a{n:03}" for n in range(N)} - {"a005"})


def test_a_lifecycle_alone_is_in_force_without_the_store(house: Paper) -> None:
    first = {one.id: one for one in first_articles()}
    until, after = DAY_ZERO + timedelta(days=50), DAY_ZERO + timedelta(days=60)
    house.store.put([
        replace(first["a002"], expires_at=until), replace(first["a004"], embargoed_until=after),
        replace(first["a006"], recommendable=False), replace(first["a008"], show_related=False),
    ])  # fmt: skip
    manifest = house.night()
    assert manifest.foundation is not None
    assert manifest.foundation.arrivals == 0, "nothing of it is printed otherwise"
    for days, away in ((55, {"a002", "a004", "a006"}), (40, {"a004", "a006"}), (70, {"a002", "a006"})):
        recommender = Recommender(house.release(), variety=AS_RANKED, clock=Clock(DAY_ZERO + timedelta(days=days)))
        assert {f"a{n:03}" for n in range(1, N)} - {item.id for item in recommender.similar("a000", 50).items} == away
        assert recommender.similar("a008", 5).items == ()
    house.store.put([first["a004"]])
    house.night()
    recommender = Recommender(house.release(), variety=AS_RANKED, clock=Clock(DAY_ZERO + timedelta(days=40)))
    assert "a004" in {item.id for item in recommender.similar("a000", 50).items}


def test_the_service_goes_on_from_it_and_measures_only_what_is_new(
    house: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.store.put([article(n, title="Council votes") for n in (3, 40, 41)])
    house.night()
    house.store.put([article(n, title="Council votes again") for n in (41, 42)])
    added, add = list[str](), Extension.add

    def noted(extension: Extension, one: Article, vector: np.ndarray | None) -> None:
        added.append(one.id)
        add(extension, one, vector)

    monkeypatch.setattr(Extension, "add", noted)
    base = house.release()
    service = Newcomers(house.url, None, lambda: None)
    assert service.beside(base) is base
    service.round()
    beside = service.beside(base)
    service.stop()
    assert added == ["a041", "a042"]
    assert (len(base), len(beside)) == (N + 3, N + 5)
    assert "a042" in {item.id for item in Recommender(beside).similar("a040", 30).items}
    assert "a042" not in base


def test_files_that_many_are_compared_with_are_read_meanwhile(house: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[list[str]]()
    monkeypatch.setattr("index.delta.read_ahead", lambda files: read.append([file.name for file in files]))
    monkeypatch.setattr("index.delta._MANY", 2)
    house.store.put([article(1, title="Council votes")])
    house.night()
    assert read == []
    house.store.put([article(n, title="Council votes again") for n in (2, 3)])
    house.night()
    assert len(read) == 1
    assert read[0][0].startswith("terms.")
    assert {"terms.rows.npy", "vectors.faiss", "nearest.rows.npy"} <= set(read[0])
    assert not {"neighbours.words.npy", "cards.utf8"} & set(read[0])


def later_papers(house: Paper) -> list[Article]:
    found = [article(n, title="Council votes again") for n in range(2, 9)]
    house.store.put(found)
    return found


def test_while_some_are_added_the_next_are_embedded(house: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.delta._PAGE", 3)
    later, begun, waited = later_papers(house), [Event() for _ in range(3)], []
    add = Extension.add

    class Noted(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            next(one for one in begun if not one.is_set()).set()
            return super().embed(texts)

    def after_the_next(extension: Extension, one: Article, vector: np.ndarray | None) -> None:
        page = later.index(one) // 3
        waited.append(begun[min(page + 1, 2)].wait(20))
        add(extension, one, vector)

    monkeypatch.setattr(Extension, "add", after_the_next)
    nightly(house.store, house.releases, Noted(), ADD)
    assert waited == [True] * 7
    release = house.release()
    assert {release.card(release.row(one.id)).title for one in later} == {"Council votes again"}


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_texts_that_cannot_be_embedded_end_the_night_and_keep_what_was(
    house: Paper, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    monkeypatch.setattr("index.delta._PAGE", 3)
    later_papers(house)
    before = current_id(house.releases)

    class Failing(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            if len(self.batches) + 1 == fails:
                raise MemoryError("no room for this batch")
            return super().embed(texts)

    with pytest.raises(MemoryError, match="no room for this batch"):
        nightly(house.store, house.releases, Failing(), ADD)
    assert current_id(house.releases) == before
    assert not list(house.releases.glob(".staging*"))
    house.night()
    assert "a008" in house.release()


# --- which night it is ---


def test_all_is_built_where_nothing_can_be_added_to_or_too_much_has_changed(
    house: Paper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "index.nightly")

    def after(config: NightlyConfig, *changed: Article) -> str:
        caplog.clear()
        house.store.put(changed)
        full = house.night(config).foundation is None
        said = "".join(record.getMessage() for record in caplog.records if "built anew" in record.getMessage())
        assert full == bool(said)
        return said

    some, few = replace(ADD, arrivals=0.25), [article(n) for n in range(50, 53)]
    assert after(some, *few) == "", "3 are 0.25 of 14"
    assert "too many articles" in after(some, article(60))
    assert after(some, article(61)) == ""
    assert "it is asked for" in after(replace(some, rebuild=True), article(62))
    assert "it is asked for" in after(replace(some, arrivals=0.0), article(63))
    other = replace(some, build=BuildConfig(neighbours=5))
    assert "configuration" in after(other, article(64))
    for number in range(1, 6):
        assert after(other, article(number, status=Status.WITHHELD)) == ""
    assert "too many articles" in after(other, article(6, status=Status.WITHHELD)), "6 of 22 are gone"
    cards = house.releases / current_id(house.releases) / "cards.utf8"
    cards.write_bytes(cards.read_bytes()[:-1])
    assert "cards.utf8" in after(other, article(80))
    with closing(ArticleStore.open(f"sqlite:///{house.releases.parent / 'other.db'}", create=True)) as store:
        store.put(few)
        assert nightly(store, house.releases, FakeEmbedder(), other).foundation is None


def test_a_few_hundred_are_always_few_but_in_a_small_archive() -> None:
    assert [most_arrivals(rows, 0.02) for rows in (9, 100, 4_000, 5_000, 25_000, 1_000_000)] == [
        0, 10, 400, 500, 500, 20_000,
    ]  # fmt: skip
    assert most_arrivals(1_000, 1.0) == 1_000
    assert most_arrivals(1_000_000, 0.0) == 0


def test_the_command_adds_and_builds_as_it_is_told(tmp_path: Path) -> None:
    house = Paper(tmp_path)
    export = tmp_path / "export.jsonl"

    def night(number: int, *options: str) -> Manifest:
        export.write_text(json.dumps({"id": f"n{number}", "title": f"News {number}", "body": f"the news {number}"}))
        places = ["--store", house.url, "--releases", str(house.releases), "--rejects", str(tmp_path / "rejects.jsonl")]
        result = CliRunner().invoke(main, ["nightly", str(export), *places, "--neighbours", "6", "--force", *options])
        assert result.exit_code == 0, result.output
        return Manifest.read(house.releases / current_id(house.releases))

    house.store.put(first_articles())
    first = night(0)
    assert first.foundation is None
    assert night(1).foundation == Foundation(first.id, N + 1, first.change, 1)
    assert night(2, "--arrivals", "0").foundation is None
    found = CliRunner().invoke(main, ["releases", "--releases", str(house.releases)]).output.splitlines()
    assert [f"{N + number} articles" in line for number, line in zip((3, 2, 1), found, strict=True)] == [True] * 3
    assert CliRunner().invoke(main, ["verify", "--releases", str(house.releases)]).exit_code == 0
    assert CliRunner().invoke(main, ["nightly", "--arrivals", "2"]).exit_code == 2


# --- files ---


def test_files_of_the_full_build_are_shared_and_each_release_is_whole_by_itself(
    house: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = current_id(house.releases)
    for number in range(3):
        house.store.put([article(50 + number)])
        house.night(replace(ADD, keep=2))
    second, third = reversed(release_ids(house.releases))
    assert first < second
    shared = [
        path for path in (house.releases / third).iterdir() if not path.name.startswith(("arrivals.", "manifest"))
    ]
    assert len(shared) > 80
    for path in shared:
        assert path.samefile(house.releases / second / path.name)
    read, sha256_of = list[Path](), recsys.manifest.sha256_of

    def noted(path: Path) -> str:
        read.append(path)
        return sha256_of(path)

    monkeypatch.setattr(recsys.manifest, "sha256_of", noted)
    for one in (second, third):
        verify_once(house.releases / one)
    assert read == [], "the seals hold although files were linked and unlinked"
    assert publish.rollback(house.releases) == second
    assert len(Release.open(house.releases)) == N + 2
    house.store.put([article(60)])
    known = Manifest.read(house.releases / third).foundation
    assert known is not None
    assert house.night().foundation == replace(known, arrivals=4), "it goes on from the one gone back to"
    shared[0].write_bytes(b"in all of them")
    for one in release_ids(house.releases):
        with pytest.raises(ReleaseDamaged):
            verify_once(house.releases / one)


def test_where_there_are_no_links_files_are_copied(house: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    before = house.releases / current_id(house.releases)
    house.store.put([article(50)])
    manifest = house.night()
    assert manifest.foundation is not None
    release = Release.open(house.releases)
    assert not (release.path / "cards.utf8").samefile(before / "cards.utf8")
    assert "a050" in release


def test_a_night_that_fails_leaves_yesterdays_release(house: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current_id(house.releases)

    def full(_extension: Extension, _folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    house.store.put([article(50)])
    monkeypatch.setattr(Extension, "save", full)
    with pytest.raises(ReleaseError, match="No space left on device; the last release stays"):
        house.night()
    monkeypatch.undo()
    assert current_id(house.releases) == before
    assert list(house.releases.glob(".staging*")) == []
    assert "a050" not in house.release()
    assert house.night().foundation is not None


class Killed(BaseException):
    """The process is no more."""


def test_whatever_file_a_killed_night_was_at_yesterdays_release_stays_whole(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = copied(template, tmp_path / "house")
    before = current_id(house.releases)
    house.store.put([article(50), article(3, title="Another")])
    left = [0]

    def deadly(function: Callable[..., object]) -> Callable[..., object]:
        def dying(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return function(*arguments, **more)

        return dying

    def nobody_tidies(*_arguments: object) -> None:
        if left[0] > 0:
            raise AssertionError("the night was to be killed")

    for most in range(1, 1_000, 17):
        with monkeypatch.context() as patch:
            for owner, name in ((Path, "hardlink_to"), (Path, "rename"), (Path, "replace"), (os, "fsync")):
                patch.setattr(owner, name, deadly(getattr(owner, name)))
            patch.setattr(publish, "drop", lambda *_: None)
            left[0] = most
            try:
                house.night()
            except Killed:
                pass
            else:
                break
        current = current_id(house.releases)
        assert publish.verify(house.releases).id == current
        assert all(one.problem == "" for one in publish.listed(house.releases))
        if current != before:
            break
    assert most > 150, "every link and every file was there to be killed at"
    assert "a050" in house.release()
    house.store.put([article(51)])
    house.night()
    assert len(house.release().rows(["a050", "a051"])) == 2
    assert list(house.releases.glob(".staging*")) == []


def test_an_object_store_is_given_and_gives_the_same_release(house: Paper, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    far = f"file://{tmp_path / 'far'}"
    shelf = shelf_of(far, tmp_path / "work")
    nightly(house.store, far, FakeEmbedder(), FULL)
    house.store.put([article(50), article(3, title="Another")])
    house.store.takedowns.take_down("a007", "Ed", "a mistake")
    manifest, here = nightly(house.store, far, FakeEmbedder(), replace(ADD, work=tmp_path / "work")), house.night()
    assert manifest.foundation is not None
    assert manifest.files == here.files
    assert shelf.verify(None) == manifest
    with shelf.holding(manifest.id) as folder:
        ours, theirs = everything_of(Release.open(folder)), everything_of(house.release())
        assert {name for name in ours if ours[name] != theirs[name]} == set()
    assert list((tmp_path / "work").iterdir()) == []
    assert release_folder.release_ids(tmp_path / "far") == [one.id for one in shelf.listed()]
