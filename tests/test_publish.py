"""Publishing is all or nothing, whatever is killed and whatever fails."""

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import article
from fakes import FakeEmbedder

from index import publish
from index.build import BuildConfig
from index.checks import Limits, refuse_failed
from index.nightly import NightlyConfig, nightly
from recsys import Release, release_folder
from recsys.errors import BuildRefused, ConfigError, NoRelease, ReleaseDamaged, ReleaseError
from recsys.manifest import Check, Manifest
from recsys.release import CURRENT, RELEASE_ID, current_id
from recsys.store import ArticleStore

FORCED = NightlyConfig(build=BuildConfig(neighbours=5), force=True)


@pytest.fixture
def store(tmp_path: Path) -> ArticleStore:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    store.put([article(n) for n in range(10)])
    return store


def night(store: ArticleStore, releases: Path, number: int, config: NightlyConfig = FORCED) -> Manifest:
    """A night after one more article came in."""
    store.put([article(100 + number)])
    return nightly(store, releases, FakeEmbedder(), config)


def test_the_newest_n_are_kept_and_rollback_goes_to_the_one_before(store: ArticleStore, tmp_path: Path) -> None:
    ids = [night(store, tmp_path / "r", n, NightlyConfig(keep=3, force=True)).id for n in range(5)]
    assert [found.id for found in publish.listed(tmp_path / "r")] == ids[:1:-1]
    assert current_id(tmp_path / "r") == ids[-1]
    assert publish.rollback(tmp_path / "r") == ids[-2]
    assert publish.rollback(tmp_path / "r") == ids[-3]
    with pytest.raises(NoRelease, match="before"):
        publish.rollback(tmp_path / "r")
    assert publish.rollback(tmp_path / "r", ids[-1]) == ids[-1] == Release.open(tmp_path / "r").id
    with pytest.raises(NoRelease, match="no release 'x'"):
        publish.rollback(tmp_path / "r", "x")


def test_rollback_passes_over_a_damaged_release_and_verify_names_the_damage(
    store: ArticleStore, tmp_path: Path
) -> None:
    ids = [night(store, tmp_path / "r", n).id for n in range(3)]
    cards = tmp_path / "r" / ids[1] / "cards.utf8"
    cards.unlink()  # the releases around it may have the very same file
    cards.write_bytes(b"")
    with pytest.raises(ReleaseDamaged, match=r"cards\.utf8"):
        publish.verify(tmp_path / "r", ids[1])
    assert publish.verify(tmp_path / "r").id == ids[2]
    assert publish.rollback(tmp_path / "r") == ids[0]


def test_nothing_is_published_twice_when_nothing_changed(store: ArticleStore, tmp_path: Path) -> None:
    first = nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    assert nightly(store, tmp_path / "r", FakeEmbedder(), FORCED) == first
    assert len(publish.listed(tmp_path / "r")) == 1
    assert nightly(store, tmp_path / "r", FakeEmbedder(name="other"), FORCED).id != first.id
    assert (
        nightly(
            store,
            tmp_path / "r",
            FakeEmbedder(name="other"),
            NightlyConfig(build=BuildConfig(neighbours=6), force=True),
        ).config["neighbours"]
        == 6
    )


def test_another_store_with_as_many_changes_is_not_taken_for_the_same(store: ArticleStore, tmp_path: Path) -> None:
    first = nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    other = ArticleStore.open(f"sqlite:///{tmp_path / 'other.db'}", create=True)
    other.put([article(n, title=f"other {n}") for n in range(10)])
    assert other.change() == store.change()
    assert nightly(other, tmp_path / "r", FakeEmbedder(), FORCED).id != first.id


def test_a_refused_build_says_why_and_leaves_current_alone(store: ArticleStore, tmp_path: Path) -> None:
    first = nightly(store, tmp_path / "r", FakeEmbedder())
    with store.full_export() as export:
        export.add([f"a{n:03}" for n in range(3)])
        export.retire_absent()
    with pytest.raises(BuildRefused, match=r"articles against the last release is 3, must be from 8 to 500"):
        nightly(store, tmp_path / "r", FakeEmbedder())
    assert current_id(tmp_path / "r") == first.id
    assert [path.name for path in (tmp_path / "r").glob(".staging*")] == []
    forced = nightly(store, tmp_path / "r", FakeEmbedder(), NightlyConfig(force=True))
    assert forced.forced == ["articles against the last release"]
    assert Release.open(tmp_path / "r").manifest.forced == forced.forced


def test_a_count_above_a_million_is_said_in_full() -> None:
    with pytest.raises(BuildRefused, match="articles is 1000401, must be at least 2000000"):
        refuse_failed([Check("articles", 1_000_401, "at least 2000000", passed=False)], force=False)


def test_vectors_that_are_not_of_unit_length_are_refused(store: ArticleStore, tmp_path: Path) -> None:
    class Doubled(FakeEmbedder):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            return 2 * super().embed(texts)

    with pytest.raises(BuildRefused, match="not finite and of length 1 is 10, must be 0"):
        nightly(store, tmp_path / "r", Doubled())
    with pytest.raises(NoRelease):
        Release.open(tmp_path / "r")


def test_articles_without_neighbours_and_an_empty_store_are_refused(tmp_path: Path) -> None:
    empty = ArticleStore.open(f"sqlite:///{tmp_path / 'empty.db'}", create=True)
    with pytest.raises(BuildRefused, match="articles is 0, must be at least 1"):
        nightly(empty, tmp_path / "r", FakeEmbedder())
    empty.put([article(n) for n in range(9)])
    with pytest.raises(BuildRefused, match="share of articles without neighbours is 1, must be at most"):
        nightly(
            empty,
            tmp_path / "r",
            FakeEmbedder(),
            NightlyConfig(build=BuildConfig(neighbours=0), limits=Limits(alone=0.1)),
        )


def test_a_column_that_is_empty_or_far_emptier_than_before_is_refused(tmp_path: Path) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)
    store.put([article(n, url="", body="harbour council") for n in range(9)])
    with pytest.raises(BuildRefused, match="articles with url is 0, must be at least 1"):
        nightly(store, tmp_path / "r", FakeEmbedder())
    store.put([article(n, section="news", tags=("a",)) for n in range(9)])
    nightly(store, tmp_path / "r", FakeEmbedder())
    store.put([article(n, section="news" if n < 4 else "") for n in range(9)])  # the next export lost its tags
    with pytest.raises(
        BuildRefused, match="with section is 4, must be at least 5; articles with tags is 0, must be at le"
    ):
        nightly(store, tmp_path / "r", FakeEmbedder())


def test_two_jobs_at_once_are_told_apart(store: ArticleStore, tmp_path: Path) -> None:
    seen: list[Exception] = []

    def second() -> None:
        try:
            nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
        except ConfigError as error:
            seen.append(error)

    with publish.only_one(tmp_path / "r"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another job" in str(seen[0])


@pytest.mark.parametrize("fails", ["fsync", "rename", "replace"])
def test_a_failing_disk_leaves_the_last_release_current(
    store: ArticleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    first = nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    store.put([article(50)])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync" if fails == "fsync" else f"pathlib.Path.{fails}", full)
    with pytest.raises(
        ReleaseError, match=r"cannot write a release in .*No space left on device; the last release stays"
    ):
        nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    monkeypatch.undo()
    assert Release.open(tmp_path / "r").id == first.id
    second = nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    assert Release.open(tmp_path / "r").id == second.id != first.id


PUBLISHER = """
import shutil, sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from index import publish
from recsys.manifest import Manifest
releases, number = Path(sys.argv[1]), 0
while True:
    last = Manifest.read(releases / publish.current_id(releases))
    with publish.only_one(releases), publish.staging(releases) as folder:
        shutil.copytree(releases / last.id, folder, dirs_exist_ok=True)
        name = publish.release_id(releases, datetime.now(UTC), last.digest)
        publish.publish(folder, releases, replace(last, id=name).signed(), keep=3)
    print(name, flush=True)
"""


def test_kill_nine_at_any_moment_leaves_a_whole_release_that_is_no_older_than_the_last_acknowledged(
    store: ArticleStore, tmp_path: Path
) -> None:
    releases, chance, acknowledged = tmp_path / "r", random.Random(5), 0
    last = nightly(store, releases, FakeEmbedder(), FORCED).id
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", PUBLISHER, str(releases)], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        last = process.stdout.readline().strip() or last
        time.sleep(chance.random() * 0.05)
        assert process.poll() is None, "the publisher died by itself"
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        acknowledged += 1 + len(lines)
        last = lines[-1] if lines else last
        release = Release.open(releases)
        assert release.id >= last
        assert len(release) == 10
    assert acknowledged >= 12


def test_a_half_written_pointer_is_never_read(store: ArticleStore, tmp_path: Path) -> None:
    nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    (tmp_path / "r" / f"{CURRENT}.leftover").write_text("2026")
    assert Release.open(tmp_path / "r")


def test_what_a_killed_build_left_behind_is_removed_by_the_next(store: ArticleStore, tmp_path: Path) -> None:
    left = tmp_path / "r" / ".staging-killed"
    left.mkdir(parents=True)
    (left / "vectors.faiss").write_bytes(b"half")
    nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    assert not left.exists()
    assert len(publish.listed(tmp_path / "r")) == 1


def test_what_killed_jobs_put_aside_is_removed_by_the_next_although_it_builds_nothing(
    store: ArticleStore, tmp_path: Path
) -> None:
    releases = tmp_path / "r"
    manifest = nightly(store, releases, FakeEmbedder(), FORCED)
    before = sorted(releases.iterdir())
    (releases / ".staging-killed").mkdir()
    (releases / f"{CURRENT}.0123").write_text("2026")
    assert nightly(store, releases, FakeEmbedder(), FORCED) == manifest
    assert sorted(releases.iterdir()) == before
    assert Release.open(releases).id == manifest.id


def test_a_release_that_is_removed_leaves_the_list_before_its_files_go(
    store: ArticleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, rmtree = list[list[str]](), shutil.rmtree

    def broken_off(folder: str | Path, **more: Any) -> None:
        if Path(folder).parent != tmp_path / "r":
            rmtree(folder, **more)  # what a build keeps on disk while it works
        elif Path(folder).is_dir():
            next(Path(folder).iterdir()).unlink()
            removed.append([one.id for one in publish.listed(tmp_path / "r")])

    monkeypatch.setattr(release_folder.shutil, "rmtree", broken_off)
    ids = [night(store, tmp_path / "r", n, NightlyConfig(keep=1, force=True)).id for n in range(2)]
    assert ids[1:] in removed
    assert [publish.verify(tmp_path / "r", one.id).id for one in publish.listed(tmp_path / "r")] == ids[1:]


def test_a_clock_that_goes_back_still_names_the_newest_release_last(store: ArticleStore, tmp_path: Path) -> None:
    nightly(store, tmp_path / "r", FakeEmbedder(), FORCED)
    first = current_id(tmp_path / "r")
    early = publish.release_id(tmp_path / "r", datetime(2001, 1, 1, tzinfo=UTC), "0" * 64)
    assert early > first
    assert RELEASE_ID.fullmatch(early)
