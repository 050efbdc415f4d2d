"""The few nearest of each row: those of sorting one by one, and the same kin whether or not they were written down."""

from dataclasses import replace
from datetime import timedelta
from math import isnan

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from test_extension import everything_of, newcomers
from test_recommender import paper

from recsys import Release
from recsys.articles import Article
from recsys.errors import ReleaseDamaged
from recsys.extension import Extension
from recsys.kinship import relevance, timely_factor
from recsys.nearest import NEAREST, Nearest
from recsys.release import UNDATED


def by_hand(release: Release, row: int) -> list[tuple[float, int]]:
    """(score, row) of its nearest, one pair after the other."""
    found = []
    near = release.neighbours(row)
    for place, other in enumerate(near.rows.tolist()):
        dates = release.published[[row, other]]
        days = np.nan if UNDATED in dates else abs(float(dates[0]) - float(dates[1])) / 86_400
        one = (getattr(near, name)[place : place + 1] for name in ("cosine", "words", "names"))
        score = relevance(*one, float(release.text_length[row]), release.manifest.semantic_base)
        found.append((float((score * timely_factor(release.tempo, np.array([days])))[0]), other))
    return sorted(found, key=lambda pair: (-pair[0], pair[1]))[:NEAREST]


@pytest.mark.parametrize("pairs", [500_000, 100])
def test_they_are_those_of_sorting_all_neighbours(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch, pairs: int
) -> None:
    monkeypatch.setattr("index.nearest._PAIRS", pairs)
    articles = [replace(one, published_at=None) if place % 7 == 0 else one for place, one in enumerate(paper(3, 60))]
    release = make_release([*articles, article(900, title="", body="")], neighbours=9)
    assert release.nearest is not None
    assert len(release.nearest) == len(release)
    for row in range(len(release)):
        expected = by_hand(release, row)
        scores = release.nearest.scores[row]
        assert not any(isnan(score) for score in scores.tolist())
        assert release.nearest.rows[row, : len(expected)].tolist() == [other for _, other in expected]
        assert scores[: len(expected)].tolist() == [np.float32(score) for score, _ in expected]
        assert not scores[len(expected) :].any()


@pytest.fixture(scope="module")
def small_paper(tmp_path_factory: pytest.TempPathFactory) -> Release:
    titles = ("Storm in the harbour", "Council votes", "A rare topic")
    days = (timedelta(days=n * n) for n in range(9))
    articles = [article(n, title=titles[n % 3], published_at=DAY_ZERO + day) for n, day in enumerate(days)]
    return published(tmp_path_factory.mktemp("small"), articles, neighbours=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later=newcomers)
def test_newcomers_have_the_same_kin_where_the_night_did_not_write_them_down(
    small_paper: Release, later: list[Article]
) -> None:
    def with_later(nearest: Nearest | None) -> dict[str, object]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(small_paper, "nearest", nearest)
            extension = Extension(small_paper)
            for one in later:
                extension.add(one, FakeEmbedder().embed([extension.text(one)])[0])
            return everything_of(extension.release())

    assert small_paper.nearest is not None
    assert with_later(None) == with_later(small_paper.nearest)
    if any(small_paper.rows([one.id]) == [] for one in later):
        assert with_later(Nearest.none(len(small_paper))) != with_later(None), "they are looked at"


def test_a_release_with_one_of_the_files_or_of_another_width_is_refused(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(5)])
    scores = release.path / "nearest.scores.npy"
    np.save(scores, np.zeros((5, NEAREST + 1), np.float32))
    with pytest.raises(ReleaseDamaged, match="nearest"):
        Release.open(release.path, verify=False)
    scores.unlink()
    with pytest.raises(ReleaseDamaged, match="nearest"):
        Release.open(release.path, verify=False)
    (release.path / "nearest.rows.npy").unlink()
    assert Release.open(release.path, verify=False).nearest is None
