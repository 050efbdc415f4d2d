"""Workers are forked from one process that has imported everything, and share nothing else with it or each other."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest
from conftest import article
from fakes import FakeEmbedder
from test_service import ROOT, Running, running

from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.extension import Extension
from recsys.store import ArticleStore
from service.workers import FORKED

pytestmark = pytest.mark.skipif(not FORKED, reason="workers are spawned on this system")

IMPORTED = {"httptools", "numpy", "pydantic", "recsys", "service", "sqlalchemy", "uvicorn", "uvloop"}
SERVED = re.compile(r"INFO (\d+) service.live: serving (\S+):")


class Paper(NamedTuple):
    """A newspaper that can be served."""

    store: ArticleStore
    url: str
    releases: Path


@pytest.fixture
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paper]:
    """One with a release; in an SQLite file where the test does not ask for `store_url` as well."""
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    if "store_url" in request.fixturenames:
        url = request.getfixturevalue("store_url")
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put([article(n, title=f"A tram of line {n}", byline="Odo Quirk") for n in range(15)])
        publish(store, tmp_path / "releases")
        yield Paper(store, url, tmp_path / "releases")


def publish(store: ArticleStore, releases: Path) -> str:
    """Another release, which is current."""
    return nightly(store, releases, FakeEmbedder(), NightlyConfig(force=True, rebuild=True)).id


def serving(service: Running) -> dict[int, str]:
    """Worker to the release that it said last that it serves."""
    return {int(pid): release for pid, release in SERVED.findall(service.output.read_text())}


def ready(service: Running, number: int) -> list[int]:
    """The workers, once so many have a release."""
    for _ in service.patiently(f"no {number} workers are ready"):
        if len(found := serving(service)) >= number:
            return list(found)
    raise AssertionError


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_what_workers_need_is_imported_once_for_all_of_them(
    paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with running(paper.releases, tmp_path / "log", "--workers", "3", "--store", paper.url) as service:
        ready(service, 3)
        imported = re.findall(r"^import time: .*\| +(\S+)$", service.output.read_text(), re.MULTILINE)
    times = Counter(name for name in imported if name.partition(".")[0] in IMPORTED)
    assert len(times) > 200
    assert {name for name, number in times.items() if number >= 3} == set()  # some do it twice in one process


def test_preloading_leaves_nothing_that_a_fork_would_break_or_divide() -> None:
    code = (
        "import gc, os, sys, threading; from service.preload import preload\n"
        "before = os.listdir('/proc/self/fd'); preload('sqlite:///none.db'); after = os.listdir('/proc/self/fd')\n"
        "heavy = {'torch', 'faiss', 'sklearn', 'pyarrow', 'psycopg'} & set(sys.modules)\n"
        "print('service.app' in sys.modules, threading.active_count(), len(heavy), before == after, gc.isenabled(),"
        " gc.get_freeze_count() > 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "1", "0", "True", "True", "True"]


def test_workers_share_no_file_of_store_or_release_and_hold_nothing_of_one_another(
    paper: Paper, tmp_path: Path
) -> None:
    with running(paper.releases, tmp_path / "log", "--workers", "3", "--store", paper.url) as service:
        workers = ready(service, 3)
        service.get("/v1/articles/a001/related")
        first = psutil.Process(service.process.pid)
        assert {one.pid for one in first.children(recursive=True)} == set(workers), "one to start them is none of them"
        assert not [one.path for one in first.open_files() if str(tmp_path) in one.path and one.path[-3:] != "log"]
        for worker in workers:  # each opened its own: what was open before the fork would be open in the first as well
            opened = {Path(one.path).name for one in psutil.Process(worker).open_files()}
            assert {"articles.db", "ids.utf8"} <= opened


def test_a_worker_that_is_ended_is_replaced_by_one_that_reads_the_release_of_that_moment(
    paper: Paper, tmp_path: Path
) -> None:
    with running(paper.releases, tmp_path / "log", "--workers", "2", "--poll-seconds", "3600") as service:
        first, second = ready(service, 2)
        newer = publish(paper.store, paper.releases)
        os.kill(first, signal.SIGHUP)  # by default it ends a process, and nobody but the first process has a use for it
        third = next(pid for pid in ready(service, 3) if pid not in (first, second))
        assert serving(service)[third] == newer
        assert serving(service)[second] != newer
        os.kill(second, signal.SIGKILL)
        *_, fourth = ready(service, 4)
        assert serving(service)[fourth] == newer
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        assert all(map(gone, (first, second, third, fourth)))


def test_a_hangup_replaces_each_worker_by_one_with_the_settings_files_of_that_moment(
    paper: Paper, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text("{}")
    options = ("--workers", "2", "--poll-seconds", "3600", "--weights", str(weights))
    with running(paper.releases, tmp_path / "log", *options) as service:
        first, second = ready(service, 2)
        before = service.get("/v1/articles/a001/similar?explain=true").json()
        weights.write_text('{"section": 5.0}')
        service.process.send_signal(signal.SIGHUP)
        ready(service, 4)
        for _ in service.patiently("the old workers live on"):
            if gone(first) and gone(second):
                break
        for _ in range(10):
            after = service.get("/v1/articles/a001/similar?explain=true").json()
            assert [one["score"] for one in after["items"]] != [one["score"] for one in before["items"]]
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(30) == 0


def test_each_worker_ends_with_the_first_process_though_a_younger_one_stands_still(
    paper: Paper, tmp_path: Path
) -> None:
    with running(paper.releases, tmp_path / "log", "--workers", "3") as service:
        *older, youngest = sorted(ready(service, 3))
        os.kill(youngest, signal.SIGSTOP)
        service.process.kill()
        for _ in service.patiently("workers live on"):
            if all(map(gone, older)):
                break
        assert not gone(youngest)


def test_forked_workers_measure_by_meaning_what_has_just_come(
    paper: Paper, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    embedder, path = FakeEmbedder(), "/v1/articles/fresh/similar?explain=true"
    options = ("--workers", "3", "--store", store_url)
    with running(paper.releases, tmp_path / "log", *options) as service, httpx.Client(base_url=service.base) as client:
        workers = ready(service, 3)
        fresh = article(77, id="fresh", title="A tram of line 3 again", byline="Odo Quirk")
        beside = Extension(Release.open(paper.releases))
        paper.store.put_embeddings(embedder.fingerprint, [beside.key(fresh)], embedder.embed([beside.text(fresh)]))
        paper.store.put([fresh])
        for _ in service.patiently("a worker does not show it"):
            with ThreadPoolExecutor(12) as pool:
                found = list(pool.map(client.get, [path] * 12))
            if all(one.status_code == 200 for one in found):
                break
        for one in found:
            assert max(item["parts"]["semantic"] for item in one.json()["items"]) > 0
        assert ready(service, 3) == workers
