"""Judgments of every kind through one door, merged without forgetting whose they are."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.judged.kinds import KINDS, read_all, read_judgments
from eval.judgments import Judgments, merged
from recsys.errors import ConfigError

GAINS = st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("cde"), st.floats(0, 9), min_size=1))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One file of every kind, all of which say that a and b belong together."""
    showing = {"time": "2026-01-17T06:10:00Z", "article": "a", "list": "similar", "shown": ["b"], "clicked": "b"}
    texts = {
        "links": "article_id\trelated_id\na\tb\n",
        "stories": "story\tarticle_id\ns\ta\ns\tb\n",
        "qrels": "a 0 b 1\n",
        "clicks": "1\tU1\t\ta\tb-1\n1\tU1\t\tx\tb-0\n" * 20,
        "widget-log": (json.dumps(showing) + "\n") * 20,
        "pairs": "article_id\tother_id\tsimilarity\na\tb\t1\n",
    }
    for kind, text in texts.items():
        (tmp_path / kind).write_text(text)
    return {kind: tmp_path / kind for kind in texts}


def test_every_kind_is_read_with_a_source_of_its_own(files: dict[str, Path]) -> None:
    found = {kind: read_judgments(path, kind) for kind, path in files.items()}
    assert set(found) == set(KINDS)
    assert all(judgments.gains["a"]["b"] > 0 for judgments in found.values())
    assert len({judgments.source for judgments in found.values()}) == len(KINDS)
    everything = read_all({kind: [path] for kind, path in files.items()})
    assert everything.sources("a", "b") == tuple(judgments.source for judgments in found.values())
    with pytest.raises(ConfigError, match="no judgments of kind 'stars'"):
        read_judgments(files["links"], "stars")
    with pytest.raises(ConfigError, match="give at least one"):
        read_all({"links": []})


@given(st.lists(GAINS, min_size=1, max_size=4))
def test_merging_takes_the_larger_gain_and_keeps_every_part(several: list[dict[str, dict[str, float]]]) -> None:
    parts = [Judgments(gains, f"source {n}") for n, gains in enumerate(several)]
    both = merged(parts)
    assert (both.parts or (both,)) == tuple(parts)
    assert merged([both, merged(parts[:1])]).parts == (*parts, parts[0])
    for article in "ab":
        for related in "cde":
            known = [part for part in parts if related in part.gains.get(article, {})]
            assert both.sources(article, related) == tuple(part.source for part in known)
            gains = [part.gains[article][related] for part in known]
            assert both.gains.get(article, {}).get(related) == (max(gains) if gains else None)
    assert both.only("a").parts == (tuple(part.only("a") for part in parts) if len(parts) > 1 else ())


@pytest.mark.parametrize("command", ["score", "compare", "evaluate"])
def test_every_command_that_judges_takes_every_kind(command: str) -> None:
    text = CliRunner().invoke(main, [command, "--help"]).output
    assert all(f"--{kind} " in text for kind in KINDS)


def test_a_run_is_scored_against_several_sources_at_once(tmp_path: Path, files: dict[str, Path]) -> None:
    (tmp_path / "run.trec").write_text("a Q0 b 1 0.5 s\nc Q0 b 1 0.5 s\n")
    (tmp_path / "more.tsv").write_text("article_id\trelated_id\nc\td\n")
    score = ["score", "--run", str(tmp_path / "run.trec"), "--measure", "RR@10"]
    links = ["--links", str(files["links"]), "--links", str(tmp_path / "more.tsv")]
    assert "| s | 2 | 0 | 0.5000 |" in CliRunner().invoke(main, [*score, *links]).stdout
    both = ["--clicks", str(files["clicks"]), "--pairs", str(files["pairs"]), "--qrels", str(files["qrels"])]
    assert "| s | 2 | 1 | 0.5000 |" in CliRunner().invoke(main, [*score, *both]).stdout
    none = CliRunner().invoke(main, score)
    assert none.exit_code == 2
    assert "give at least one of --links, --stories, --qrels, --clicks, --widget-log, --pairs" in none.output
