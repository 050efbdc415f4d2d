"""The night and its vector index: the kind that was asked for, its recall in the manifest, and the gate before it."""

import filecmp
import logging
import random
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeRelease, article
from fakes import FakeEmbedder

from index.build import BuildConfig
from index.checks import Limits
from index.nightly import NightlyConfig, nightly
from index.vector_index import IndexConfig, write_vectors
from recsys.errors import BuildRefused, ConfigError
from recsys.index_kind import Kind
from recsys.manifest import Manifest
from recsys.release import Release, current_id
from recsys.store import ArticleStore
from recsys.vectors import VectorIndex

N, K = 1_100, 10
WORDS = [f"w{number}" for number in range(300)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArticleStore:
    """An archive large enough for an approximate index."""
    draw = random.Random(3)
    made = ArticleStore.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'articles.db'}", create=True)
    made.put([article(n, title=f"t{n}", body=" ".join(draw.choices(WORDS, k=12))) for n in range(N)])
    return made


def night(store: ArticleStore, releases: Path, index: IndexConfig, force: bool = False, **limits: float) -> Manifest:
    build = BuildConfig(neighbours=K, kin=0, index=index)
    return nightly(store, releases, FakeEmbedder(), NightlyConfig(build, Limits(alone=1.0, **limits), force=force))


def test_an_approximate_night_is_published_with_its_recall_and_two_of_them_are_equal(
    store: ArticleStore, tmp_path: Path
) -> None:
    manifest = night(store, tmp_path / "one", IndexConfig("ivf-sq8"))
    assert manifest.index["kind"] == "ivf-sq8"
    assert manifest.index["recall"] >= 0.985
    assert (manifest.index["k"], manifest.index["rows"], manifest.config["index_recall"]) == (K, 500, 0.98)
    (measured,) = (check for check in manifest.checks if check.name.startswith("recall@10 of the vector index"))
    assert 0.98 <= measured.value <= 1.0
    release = Release.open(tmp_path / "one")
    assert (release.vectors.kind, release.vectors.effort) == (Kind.IVF_SQ8, manifest.index["effort"])
    again = night(store, tmp_path / "other", IndexConfig("ivf-sq8"))
    folders = tmp_path / "one" / manifest.id, tmp_path / "other" / again.id
    same, differing, errors = filecmp.cmpfiles(*folders, [*manifest.files], shallow=False)
    assert (differing, errors) == ([], [])
    assert "vectors.ann" in same
    assert manifest.files == again.files


def test_a_night_whose_index_misses_too_much_is_refused_and_the_last_one_stays(
    store: ArticleStore, tmp_path: Path
) -> None:
    last = night(store, tmp_path, IndexConfig("ivf-pq4"))
    careless = IndexConfig("ivf-pq4", recall=0.0)  # the smallest effort will do, and the limit is above it
    with pytest.raises(BuildRefused, match=r"recall@10 of the vector index \(ivf-pq4, effort 16\) is 0\.\d+, must be"):
        night(store, tmp_path, careless, recall=1.0)
    assert current_id(tmp_path) == last.id


def test_a_small_archive_is_flat_and_has_no_recall_to_check(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(5)], index=IndexConfig("hnsw"))
    assert release.manifest.index == {"kind": "flat"}
    assert not [check for check in release.manifest.checks if "recall" in check.name]
    assert "vectors.ann" not in release.manifest.files


def test_another_index_is_another_night() -> None:
    """A night whose configuration is as it was builds nothing."""
    indexes = (IndexConfig(), IndexConfig("flat"), IndexConfig(memory=1.0), IndexConfig(recall=0.9))
    records = [BuildConfig(index=index).record() for index in indexes]
    assert all(one != other for place, one in enumerate(records) for other in records[:place])


def test_a_recall_that_cannot_be_reached_is_told_before_the_neighbours_are_looked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = np.random.default_rng(0).normal(size=(1_000, 8))
    rows = (one / np.linalg.norm(one, axis=1, keepdims=True)).astype(np.float32)
    with caplog.at_level(logging.WARNING):
        index, about = write_vectors(tmp_path / "v.faiss", [rows], 8, 10, IndexConfig("ivf-pq4", recall=1.1))
    assert "vector index ivf-pq4, effort 25: recall@10" in caplog.text
    assert about["effort"] == index.effort == 25  # cells: 1,000 / 39
    opened = VectorIndex.open(tmp_path / "v.faiss", n=1_000, dim=8)
    assert (opened.kind, opened.effort) == (Kind.IVF_PQ4, 25)


def test_a_wrong_index_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="'annoy'"):
        IndexConfig("annoy")
    with pytest.raises(ConfigError, match="above 0 GiB"):
        IndexConfig(memory=0.0)
