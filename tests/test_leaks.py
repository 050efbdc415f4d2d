"""Any run, whoever made it, is held against the dates of a release."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article

from eval.__main__ import main
from eval.asof import ANY_TIME, AsOf
from eval.leaks import Leak, Why, leak_table, leaks
from eval.runs import Run
from recsys.errors import ConfigError

OWN = AsOf(own=True)
DAY = timedelta(days=1)


def test_every_answer_that_cannot_be_shown_to_be_earlier_is_named(make_release: MakeRelease) -> None:
    release = make_release([article(n, published_at=None if n == 0 else DAY_ZERO + n * DAY) for n in range(6)])
    run = Run.of(
        "theirs",
        {
            "a003": [("a004", 0.9), ("a003", 0.8), ("a002", 0.7), ("a000", 0.6), ("elsewhere", 0.5)],
            "a000": [("a001", 1.0)],
            "unknown": [("a001", 1.0)],
        },
    )
    at = DAY_ZERO + 3 * DAY
    assert leaks(run, release, OWN) == (
        Leak("a003", "a004", 1, Why.LATER, at + DAY, at),
        Leak("a003", "a000", 4, Why.UNDATED, None, at),
        Leak("a003", "elsewhere", 5, Why.UNKNOWN, None, at),
        Leak("a000", "a001", 1, Why.NO_MOMENT, DAY_ZERO + DAY, None),
        Leak("unknown", "a001", 1, Why.NO_MOMENT, DAY_ZERO + DAY, None),
    )
    assert [leak.doc for leak in leaks(run, release, AsOf(at))] == ["a004", "a000", "elsewhere"]
    shown = leak_table(run, leaks(run, release, OWN), show=1).splitlines()
    assert shown[0] == "theirs: 5 of 7 answers leak"
    assert shown[-1].endswith("| a004 | 1 | 2026-01-05T00:00:00+00:00 | published later |")
    with pytest.raises(ConfigError, match="give one"):
        leaks(run, release, ANY_TIME)


@pytest.mark.parametrize(("shift", "late"), [(0, False), (1, False), (-1, True)])
def test_the_moment_itself_is_no_leak(make_release: MakeRelease, shift: int, late: bool) -> None:
    release, run = make_release([article(1), article(2)]), Run.of("theirs", {"a001": [("a002", 1.0)]})
    moment = DAY_ZERO + 2 * DAY + timedelta(microseconds=shift)
    assert bool(leaks(run, release, AsOf(moment))) is late


def test_scoring_a_foreign_run_with_a_leak_shows_it_and_ends_with_status_1(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    releases = str(make_release([article(n) for n in range(6)]).path.parent)
    (tmp_path / "links.tsv").write_text("article_id\trelated_id\na003\ta004\n")
    (tmp_path / "theirs.trec").write_text("a003 Q0 a004 1 0.9 theirs\na003 Q0 a001 2 0.8 theirs\n")
    (tmp_path / "clean.trec").write_text("a003 Q0 a002 1 0.9 clean\n")
    score = ["score", "--links", str(tmp_path / "links.tsv"), "--run"]
    when = ["--releases", releases, "--as-of", "published"]
    result = CliRunner().invoke(main, [*score, str(tmp_path / "theirs.trec"), *when])
    assert "| theirs | 1 | 0 | 1.0000" in result.stdout
    assert "theirs: 1 of 2 answers leak" in result.stdout
    assert result.exit_code == 1
    assert "figures of theirs count answers that could not be known yet" in result.output
    result = CliRunner().invoke(main, [*score, str(tmp_path / "clean.trec"), *when])
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("clean: 0 of 1 answers leak\n")
    assert "| aspect | clean | catalogue |" in result.stdout
    result = CliRunner().invoke(main, [*score, str(tmp_path / "theirs.trec"), *when[:2]])
    assert result.exit_code == 0, result.output
    assert "| aspect | theirs | catalogue |" in result.stdout
    assert "leak" not in result.stdout
    result = CliRunner().invoke(main, [*score, str(tmp_path / "clean.trec"), *when[2:]])
    assert result.exit_code == 2
    assert "give --releases" in result.output
