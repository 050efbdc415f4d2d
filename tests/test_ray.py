"""The night on a Ray cluster of three nodes on this machine: the same release, whoever dies."""

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import article
from fakes import FakeEmbedder, FakeVectorStore
from test_build import differing

from index.__main__ import main
from index.build import BuildConfig
from index.cluster import Cluster, ClusterConfig, joined
from index.embed import embed_missing, embedding_key
from index.named_model import NamedModel
from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.articles import Article
from recsys.errors import ClusterError, ConfigError, ModelError
from recsys.index_kind import Kind
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE
from recsys.vectors import VectorIndex

ray: Any = pytest.importorskip("ray", reason="the cluster is Ray: pip install 'news-recsys[ray]'")

CONFIG = NightlyConfig(build=BuildConfig(neighbours=6), force=True)
NODES = 3
NODE = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "include_dashboard": False,
}
# Ray's own threads leave sockets and files to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass(frozen=True)
class Nodes:
    """A cluster on this machine."""

    address: str
    cluster: Any

    def add(self) -> Any:
        """One more node with one CPU."""
        return self.cluster.add_node(**NODE)

    def kill(self, node: Any) -> None:
        """As when its power goes."""
        self.cluster.remove_node(node, allow_graceful=False)


@pytest.fixture(scope="module")
def nodes(request: pytest.FixtureRequest) -> Iterator[Nodes]:
    """Three nodes with one CPU each; nothing is left of them afterwards."""
    if not request.config.getoption("--nodes"):
        pytest.skip("several nodes are asked for with pytest --nodes: a minute on a quiet machine")
    from ray.cluster_utils import Cluster as RayCluster

    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    with (
        tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder,  # short, for sockets
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_health_check_period_ms", "1000")  # the dead are missed within seconds
        patch.setenv("RAY_health_check_timeout_ms", "3000")
        patch.setenv("RAY_health_check_failure_threshold", "3")
        patch.setenv("RAY_worker_niceness", "0")  # else they starve where others work, too
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else a secret is written into the home folder
        patch.setenv("PYTHONPATH", os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]))
        made = RayCluster(initialize_head=True, head_node_args={**NODE, "temp_dir": folder})
        try:
            found = Nodes(made.address, made)
            for _ in range(NODES - 1):
                found.add()
            made.wait_for_nodes()
            yield found
        finally:
            ray.shutdown()
            made.shutdown()


@pytest.fixture
def crew(nodes: Nodes) -> Iterator[Cluster]:
    with joined(ClusterConfig(nodes.address)) as found:
        yield found


def papers(number: int) -> list[Article]:
    return [
        article(n, section="news", tags=("a", f"t{n % 4}"), byline=f"Ines Vallory and Rory M{'cx'[n % 2]}Aldane")
        for n in range(number)
    ]


def night(folder: Path, articles: Iterable[Article], *crew: Any, model: Any = None) -> Release:
    """The release that a night of a new store makes, in the new folder."""
    with closing(ArticleStore.open(f"sqlite:///{folder / 'a.db'}", create=True)) as store:
        store.put(list(articles))
        nightly(store, folder / "r", model or FakeEmbedder(), CONFIG, *crew)
    return Release.open(folder / "r")


# --- what runs on the nodes ---


def begun(folder: Path, piece: object) -> int:
    """Notes where a piece is begun; how many were begun on this node before."""
    node = ray.get_runtime_context().get_node_id()
    before = len(list(folder.glob(f"{node}-*")))
    (folder / f"{node}-{before}-{os.getpid()}-{time.monotonic_ns()}").write_text(repr(piece))
    return before


class Noted(FakeEmbedder):
    """Notes the first text of each batch; on the node `victim` the second batch never ends."""

    def __init__(self, folder: Path, victim: str = "", last: int = 10_000) -> None:
        super().__init__()
        self._folder, self._victim, self._last = folder, victim, last

    def embed(self, texts):  # type: ignore[no-untyped-def]
        before = begun(self._folder, list(texts))
        if self._folder.joinpath("stop").exists() or (before and ray_node() == self._victim):
            (self._folder / "hangs").touch()
            time.sleep(600)
        time.sleep(0.1)  # so that all nodes get some
        return super().embed(texts)


def ray_node() -> str:
    return str(ray.get_runtime_context().get_node_id())


def search(made: VectorIndex, asked: Any) -> Any:
    return made.search(*asked)


def large(where: tuple[Path, str], number: int) -> Any:
    folder, victim = where
    if number and ray_node() != victim:
        wait(lambda: done_by(folder, victim))  # it gets one, too
    begun(folder, number)
    return np.full(300_000, number)  # such as is kept by the node that made it


def doubled(_: None, number: int) -> int:
    return 2 * number


def wrong(folder: Path, number: int) -> int:
    begun(folder, number)
    raise ValueError(f"cannot do {number}")


def deadly(folder: Path, number: int) -> int:
    begun(folder, number)
    os._exit(3)


def loaded(folder: Path, name: str) -> FakeEmbedder:
    begun(folder, name)
    return FakeEmbedder(name=name)


def done_by(folder: Path, victim: str) -> bool:
    """Whether a piece other than the first was begun there."""
    return any(path.read_text() not in ("", "0") for path in folder.glob(f"{victim}-*"))


def notes(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.iterdir() if "-" in path.name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def wait(until: Callable[[], object]) -> None:
    for _ in range(6_000):
        if until():
            return
        time.sleep(0.01)
    pytest.fail("waited for a minute")


# --- the same, whoever works ---


def test_a_night_on_three_nodes_is_that_of_one_machine(
    crew: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.pair_table._ROWS", 16)
    asked, each = list[str](), crew.each

    def watched(do: Any, shared: Any, pieces: Any) -> Iterator[Any]:
        for done in each(do, shared, pieces):
            asked.append(do.__name__)
            yield done

    monkeypatch.setattr(crew, "each", watched)
    assert differing(night(tmp_path / "one", papers(150)), night(tmp_path / "three", papers(150), crew)) == []
    assert {name: asked.count(name) for name in asked} == {"_embedded": 3, "_found": 10, "_found_by_kin": 10}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ENGINE])  # that one stays outside
def test_an_index_that_was_sent_finds_what_it_found(kind: Kind, crew: Cluster) -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(1_200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = next(iter(VectorIndex.build(vectors, 16).found_by(kind)))
    (there,) = crew.each(search, made, [(vectors[:40], 7)])
    here = made.search(vectors[:40], 7)
    np.testing.assert_array_equal(there.rows, here.rows)
    np.testing.assert_array_equal(there.similarities, here.similarities)


def test_a_node_that_dies_in_the_middle_of_the_night_changes_nothing(
    nodes: Nodes, crew: Cluster, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.build.embed_missing", partial(embed_missing, batch_size=8))
    victim = nodes.add()
    alive = crew.room

    def kill() -> None:
        wait((folder / "hangs").exists)
        nodes.kill(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    model = Noted(folder, victim.node_id)
    found = night(tmp_path / "four", papers(150), crew, model=model)
    killer.join()
    assert alive == NODES + 1
    wait(lambda: crew.room == NODES)  # the dead are missed after a while
    assert differing(night(tmp_path / "one", papers(150)), found) == []
    batches = notes(folder)
    assert len(set(batches)) == 19
    assert len(batches) == 20  # the one that hung was begun anew


def test_results_that_died_with_their_node_are_made_again(nodes: Nodes, crew: Cluster, folder: Path) -> None:
    victim = nodes.add()
    work = crew.each(large, (folder, victim.node_id), range(20))
    made = [next(work)]
    wait(lambda: len(notes(folder)) == 2 * (NODES + 1))  # all that are drawn
    assert done_by(folder, victim.node_id)
    time.sleep(0.5)  # until they are kept
    nodes.kill(victim)
    made += work
    assert [result[0] for result in made] == list(range(20))
    assert all(result.flags.writeable and result.flags.owndata for result in made)
    assert len(notes(folder)) > 20


def test_pieces_are_given_out_in_order_and_drawn_only_a_few_ahead(crew: Cluster) -> None:
    drawn = list[int]()
    ahead = list[int]()
    results = list[int]()
    for result in crew.each(doubled, None, (drawn.append(n) or n for n in range(40))):  # type: ignore[func-returns-value]
        results.append(result)
        ahead.append(len(drawn) - len(results))
    assert results == [2 * n for n in range(40)]
    assert max(ahead) == 2 * NODES - 1


# --- resumed ---

NIGHT = """
import sys
from pathlib import Path
from index.cluster import ClusterConfig, joined
from index.embed import embed_missing
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE
from test_ray import Noted, papers

store, saves = ArticleStore.open(sys.argv[2]), 0
put = store.put_embeddings

def counted(*given):
    global saves
    put(*given)
    saves += 1
    if saves == 4:
        (Path(sys.argv[3]) / "stop").touch()

store.put_embeddings = counted
with joined(ClusterConfig(sys.argv[1])) as crew:
    embed_missing(store, papers(75), Noted(Path(sys.argv[3])), NO_BOILERPLATE, batch_size=5, window=40, crew=crew)
"""


def test_a_killed_night_goes_on_from_what_was_saved(nodes: Nodes, folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    ArticleStore.open(url, create=True).close()
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", NIGHT, nodes.address, url, str(folder)], env={**os.environ, "PYTHONPATH": paths}
    ) as killed:
        wait(lambda: (folder / "hangs").exists() or killed.poll() is not None)
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    embedder = FakeEmbedder()
    keys = dict(embedding_key(one, embedder, NO_BOILERPLATE) for one in papers(75))
    (again := tmp_path / "again").mkdir()
    with closing(ArticleStore.open(url)) as store:
        saved = store.known_embeddings(list(keys))
        assert 4 * 5 <= len(saved) < 75
        with joined(ClusterConfig(nodes.address)) as crew:
            report = embed_missing(store, papers(75), Noted(again), NO_BOILERPLATE, batch_size=5, window=40, crew=crew)
        stored = store.embeddings(list(keys), embedder.dim)
    assert report.embedded == 75 - len(saved)
    texts = [text for one in notes(again) for text in ast.literal_eval(one)]
    assert sorted(texts) == sorted(text for digest, text in keys.items() if digest not in saved)
    np.testing.assert_array_equal(stored, FakeEmbedder().embed(list(keys.values())))


def test_a_text_that_is_in_the_next_window_again_is_embedded_once(crew: Cluster, folder: Path) -> None:
    articles = [article(n, title=f"title {n % 10}", body="") for n in range(40)]
    alone, together = FakeVectorStore(), FakeVectorStore()
    embed_missing(alone, articles, FakeEmbedder(), NO_BOILERPLATE, batch_size=4, window=13)
    report = embed_missing(together, articles, Noted(folder), NO_BOILERPLATE, batch_size=4, window=13, crew=crew)
    assert (report.embedded, report.reused, len(notes(folder))) == (10, 30, 3)
    assert list(alone.kept) == list(together.kept)


# --- what goes wrong ---


def test_a_node_with_another_model_is_refused(crew: Cluster, folder: Path) -> None:
    store = FakeVectorStore()
    other = NamedModel.of(FakeEmbedder(), partial(loaded, folder, "another"))
    with pytest.raises(ModelError, match=f"'fake' on {socket.gethostname()} is not the one .* same files"):
        embed_missing(store, papers(10), other, NO_BOILERPLATE, crew=crew)
    assert store.kept == {}


def test_each_process_loads_the_model_once(crew: Cluster, folder: Path) -> None:
    model = NamedModel.of(FakeEmbedder(), partial(loaded, folder, "fake"))
    alone, together = FakeVectorStore(), FakeVectorStore()
    embed_missing(alone, papers(60), FakeEmbedder(), NO_BOILERPLATE, batch_size=4)
    embed_missing(together, papers(60), model, NO_BOILERPLATE, batch_size=4, crew=crew)
    assert all(np.array_equal(vector, together.kept[digest]) for digest, vector in alone.kept.items())
    processes = [path.name.split("-")[2] for path in folder.iterdir()]
    assert processes
    assert len(processes) == len(set(processes))


def test_a_piece_that_fails_by_itself_ends_the_work_with_its_own_error(crew: Cluster, folder: Path) -> None:
    with pytest.raises(ValueError, match="cannot do 5") as raised:
        list(crew.each(wrong, folder, [5]))
    assert (type(raised.value), str(raised.value)) == (ValueError, "cannot do 5")
    assert "in wrong" in raised.value.__notes__[0]
    assert notes(folder) == ["5"]


def test_a_piece_that_ends_every_process_is_given_up(
    crew: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.cluster.RETRIES", 1)
    with pytest.raises(ClusterError, match="tried 2 times"):
        list(crew.each(deadly, folder, [5]))
    assert notes(folder) == ["5", "5"]


def test_a_cluster_without_room_is_refused(nodes: Nodes) -> None:
    with (
        pytest.raises(ClusterError, match=r"no node of the cluster .* has 2 CPUs"),
        joined(ClusterConfig(nodes.address, threads=2)),
    ):
        pass


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:9 cannot be joined"), joined(ClusterConfig("127.0.0.1:9")):
        pass


def test_numbers_below_one_are_refused() -> None:
    for wrong_one in ({"threads": 0}, {"workers": 0}):
        with pytest.raises(ConfigError, match="must be at least 1, found 0"):
            ClusterConfig("local", **wrong_one)
    with pytest.raises(ConfigError, match="give local, auto or host:port"):
        ClusterConfig("")


# --- from the command line ---


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    store = f"sqlite:///{tmp_path / 'a.db'}"
    done = CliRunner().invoke(main, ["nightly", "--ray", "local", "--store", store])
    assert done.exit_code == 1
    assert "pip install 'news-recsys[ray]'" in done.output
    assert not (tmp_path / "a.db").exists()


def test_a_night_with_the_real_model_on_a_cluster_of_its_own_is_that_without(demo: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.jsonl"
    new.write_text('{"id": "fresh", "title": "Aske Bridge painted green", "body": "The bridge is green again."}\n')
    made = []
    for name, options in (("alone", []), ("cluster", ["--ray", "local", "--ray-workers", "1"])):
        shutil.copytree(demo / "var/demo", tmp_path / name)
        where = [
            "--store",
            f"sqlite:///{tmp_path / name / 'articles.db'}",
            "--releases",
            str(tmp_path / name / "releases"),
        ]
        rejects = ["--rejects", str(tmp_path / "rejects.jsonl")]
        done = CliRunner().invoke(main, ["nightly", str(new), *where, *rejects, *options])
        assert done.exit_code == 0, done.output
        made.append(Release.open(tmp_path / name / "releases"))
    assert made[0].row("fresh") == made[1].row("fresh")
    assert differing(*made) == []
    assert not ray.is_initialized()
