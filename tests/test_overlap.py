"""Old against new: rank-biased overlap against its definition, and the command on two real releases."""

import pytest
from click.testing import CliRunner
from conftest import MakeRelease, article
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.overlap import overlap, report
from eval.rbo import rbo_ext
from recsys import Recommender
from recsys.errors import ConfigError

RANKING = st.lists(st.sampled_from([f"a{number}" for number in range(15)]), unique=True, max_size=12)
PERSISTENCE = st.floats(0.05, 0.98)


def by_definition(first: list[str], second: list[str], p: float) -> float:
    """RBO of endless lists that go on as assumed: to the end of the longer list what the shorter would add agrees as
    often as it did so far, after both ends the agreement stays (Webber et al. 2010, section 4.4)."""
    s, length = sorted((len(first), len(second)))

    def agreement(depth: int) -> float:
        depth = min(depth, length)
        seen = len(set(first[:depth]) & set(second[:depth]))
        assumed = max(depth - s, 0) * len(set(first[:s]) & set(second[:s])) / s
        return (seen + assumed) / depth

    return (1 - p) * sum(p ** (depth - 1) * agreement(depth) for depth in range(1, 2000))


@given(RANKING.filter(bool), RANKING.filter(bool), PERSISTENCE)
def test_rbo_is_the_endless_sum_that_it_stands_for(first: list[str], second: list[str], p: float) -> None:
    assert rbo_ext(first, second, p) == pytest.approx(by_definition(first, second, p), abs=1e-9)


@given(RANKING, RANKING, PERSISTENCE)
def test_rbo_is_symmetric_and_between_none_and_all(first: list[str], second: list[str], p: float) -> None:
    value = rbo_ext(first, second, p)
    assert 0 <= value <= 1
    assert value == rbo_ext(second, first, p)
    assert rbo_ext(first, first, p) == 1
    assert rbo_ext(first, [f"other {x}" for x in first], p) == (0 if first else 1)


def test_rbo_has_its_known_values() -> None:
    assert rbo_ext([], []) == 1
    assert rbo_ext(["a"], []) == 0
    # agreement 0 at depth 1 and 1 from depth 2 on: p
    assert rbo_ext(["a", "b"], ["b", "a"], 0.9) == pytest.approx(0.9)
    # agreement 1 at depth 1 and 1/2 from depth 2 on: (1 - p) + p / 2
    assert rbo_ext(["a", "b"], ["a", "c"], 0.8) == pytest.approx(0.6)
    # a change at the top weighs more than one at the end
    assert rbo_ext(list("abcd"), list("xbcd")) < rbo_ext(list("abcd"), list("abcx"))
    # a list that only ends earlier agrees as far as it goes
    assert rbo_ext(["a", "b"], ["a", "b", "c"]) == pytest.approx(1)


def test_rbo_refuses_what_is_no_ranking() -> None:
    with pytest.raises(ConfigError, match="'a' is twice"):
        rbo_ext(["b", "a", "a"], ["a"])
    with pytest.raises(ConfigError, match="p is 1"):
        rbo_ext(["a"], ["a"], 1)


def test_a_release_against_itself_has_not_changed(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(12)])
    found = overlap(release, release, k=5)
    assert (found.mean_rbo, found.changed, found.other_articles) == (1, 0, 0)
    assert (found.both, found.only_old, found.only_new, len(found.changes)) == (12, 0, 0, 12)
    assert "| RBO |" not in report(found)


def test_what_entered_and_left_is_told_for_articles_in_both(make_release: MakeRelease) -> None:
    old = make_release([article(n) for n in range(12)])
    new = make_release([article(n) for n in range(2, 14)])
    found = overlap(old, new, k=3)
    assert (found.both, found.only_old, found.only_new) == (10, 2, 2)
    assert [c.rbo for c in found.changes] == sorted(c.rbo for c in found.changes)
    for change in found.changes:
        was = [item.id for item in Recommender(old).similar(change.id, 3).items]
        now = [item.id for item in Recommender(new).similar(change.id, 3).items]
        assert change.rbo == rbo_ext(was, now)
        assert change.same == (was == now)
        assert [moved.id for moved in change.entered] == [x for x in now if x not in was]
        assert [moved.id for moved in change.left] == [x for x in was if x not in now]
        assert all(moved.elsewhere == (moved.id not in {"a012", "a013"}) for moved in change.entered)
        assert all(moved.elsewhere == (moved.id not in {"a000", "a001"}) for moved in change.left)
    assert any(moved.id == "a012" for change in found.changes for moved in change.entered)


def test_the_sample_is_the_same_under_the_same_seed(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(12)])
    asked = [{c.id for c in overlap(release, release, sample=4, seed=seed).changes} for seed in (1, 1, 2)]
    assert asked[0] == asked[1] != asked[2]
    assert len(asked[0]) == 4


def test_senseless_questions_are_refused(make_release: MakeRelease) -> None:
    one, other = make_release([article(n) for n in range(3)]), make_release([article(n) for n in range(5, 8)])
    with pytest.raises(ConfigError, match="no article in common"):
        overlap(one, other)
    with pytest.raises(ConfigError, match="k is 0"):
        overlap(one, one, k=0)
    with pytest.raises(ConfigError, match="sample is 0"):
        overlap(one, one, sample=0)


def test_the_command_prints_figures_and_the_most_changed_lists(make_release: MakeRelease) -> None:
    old = make_release([article(n) for n in range(12)])
    new = make_release([article(n) for n in range(12)] + [article(12, title="A new | story")])
    arguments = ["overlap", "--old", str(old.path), "--new", str(new.path.parent), "--k", "3", "--show", "5"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    found = overlap(old, new, k=3)
    assert f"| mean RBO (p = 0.9) | {found.mean_rbo:.3f} |" in result.stdout
    assert f"| lists that changed | {found.changed:.1%} |" in result.stdout
    assert "A new \\| story" in result.stdout
    assert f"({found.changes[0].id})" in result.stdout
    listed = result.stdout.split("| RBO |")[1].splitlines()[2:]
    assert len(listed) == min(5, sum(not change.same for change in found.changes)) > 0
