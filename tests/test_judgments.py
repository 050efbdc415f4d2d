"""Judgments are read as they stand, whatever they come from."""

import gzip
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.judged.stories import read_stories
from eval.judgments import Judgments, read_links, read_queries
from recsys.errors import ConfigError, SourceError


def written(folder: Path, text: str) -> Path:
    path = folder / "given.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_links_are_read_with_and_without_gain(tmp_path: Path) -> None:
    links = read_links(written(tmp_path, "article_id\trelated_id\tgain\na\tb\t2\na\tb\t1\na\ta\t1\nb\tc\t\n"))
    assert links == Judgments({"a": {"b": 2.0}, "b": {"c": 1.0}}, "links")
    assert read_links(written(tmp_path, "article_id\trelated_id\na\tb\n"), "clicks") == Judgments(
        {"a": {"b": 1.0}}, "clicks"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("from\tto\na\tb\n", "no column article_id, related_id"),
        ("article_id\trelated_id\tgain\na\tb\tx\n", "line 2: gain 'x'"),
        ("article_id\trelated_id\tgain\na\tb\tnan\n", "gain 'nan'"),
        ("article_id\trelated_id\tgain\na\tb\tinf\n", "gain 'inf'"),
        ("article_id\trelated_id\na\n", "line 2: too few columns"),
    ],
)
def test_senseless_links_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        read_links(written(tmp_path, text))


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.tsv"):
        read_links(tmp_path / "nowhere.tsv")
    (tmp_path / "latin.tsv").write_bytes(b"article_id\trelated_id\n\xe9\tb\n")
    with pytest.raises(SourceError, match=r"latin\.tsv"):
        read_links(tmp_path / "latin.tsv")


def test_every_pair_of_one_story_is_related_and_an_article_may_be_in_two(tmp_path: Path) -> None:
    text = "story\tarticle_id\ns\ta\ns\tb\nt\tb\nt\tc\nt\tc\nalone\td\nalone\td\n"
    stories = read_stories(written(tmp_path, text))
    assert stories == Judgments({"a": {"b": 1.0}, "b": {"a": 1.0, "c": 1.0}, "c": {"b": 1.0}}, "stories")


def test_stories_are_read_from_json_lines_and_packed_files(tmp_path: Path) -> None:
    lines = [
        '{"story":"s","id":"a"}',
        "",
        '{"story":"s","article_id":"b","id":"x"}',
        '{"story":null,"id":"c"}',
        '{"id":4}',
    ]
    (tmp_path / "stories.jsonl").write_text("\n".join(lines))
    (tmp_path / "stories.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "stories.tsv.gz").write_bytes(gzip.compress(b"story\tarticle_id\ns\ta\ns\tb\n"))
    for name in ("stories.jsonl", "stories.jsonl.gz", "stories.tsv.gz"):
        assert read_stories(tmp_path / name).gains == {"a": {"b": 1.0}, "b": {"a": 1.0}}
    for line in ('{"story":"s"}', '{"story":["s"],"id":"a"}', "[]", "{"):
        (tmp_path / "stories.jsonl").write_text('{"story":"s","id":"a"}\n' + line)
        with pytest.raises(SourceError, match="line 2"):
            read_stories(tmp_path / "stories.jsonl")


MEMBERS = st.lists(st.tuples(st.sampled_from("stu"), st.sampled_from("abcd")), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(MEMBERS)
def test_stories_relate_every_pair_that_shares_one(tmp_path: Path, members: list[tuple[str, str]]) -> None:
    pairs = {(a, b) for s, a in members for t, b in members if s == t and a != b}
    text = "story\tarticle_id\n" + "".join(f"{story}\t{article}\n" for story, article in members)
    gains = read_stories(written(tmp_path, text)).gains
    assert {(a, b): gain for a, known in gains.items() for b, gain in known.items()} == dict.fromkeys(pairs, 1.0)
    for known in gains.values():
        assert len(known) == len(list(known))
        assert not any(other in known for other in set("abcd") - set(known))


def test_a_large_story_is_kept_once_and_not_for_each_of_its_articles(tmp_path: Path) -> None:
    path = written(tmp_path, "story\tarticle_id\n" + "".join(f"s\t{n}\n" for n in range(500)))
    tracemalloc.start()
    stories = read_stories(path)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stories.gains["7"]) == 499
    assert size < 500_000  # all pairs would take 10 MB


def test_articles_without_a_story_are_not_one_story(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 2: the story is empty"):
        read_stories(written(tmp_path, "story\tarticle_id\n\ta\n\tb\n"))


def test_queries_are_distinct_and_in_order(tmp_path: Path) -> None:
    assert read_queries(written(tmp_path, "related_id\tarticle_id\nx\tb\ny\ta\nz\tb\n")) == ["b", "a"]


@pytest.mark.parametrize("gain", [-1.0, float("nan"), float("inf")])
def test_a_gain_that_is_none_is_refused(gain: float) -> None:
    with pytest.raises(ConfigError, match="of 'a' and 'b' is not a number >= 0"):
        Judgments({"a": {"b": gain}})


def test_a_part_of_the_judgments_keeps_its_source_and_all_relations() -> None:
    whole = Judgments({"a": {"b": 1.0, "c": 2.0}, "b": {"a": 1.0}}, "links")
    assert whole.only({"a", "x"}) == Judgments({"a": {"b": 1.0, "c": 2.0}}, "links")
