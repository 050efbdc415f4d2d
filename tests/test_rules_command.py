"""`python -m index rules` and `keys`: what an editor types stands at the desk, and a mistake says what to do."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from index.__main__ import main
from index.when import moment, span
from recsys.articles import Article
from recsys.errors import ConfigError, KeyRefused
from recsys.keys import Scope
from recsys.rules import Action, Kind, Rule, Subject, Widget
from recsys.store import ArticleStore

Type = Callable[..., Result]
BY = ("--owner", "A. Editor", "--reason", "legal")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)) as opened:
        opened.put([Article(id="a17", title="t")])
        yield opened


@pytest.fixture
def typed(store: ArticleStore, tmp_path: Path) -> Iterator[Type]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda *words: CliRunner().invoke(main, [*words, "--store", f"sqlite:///{tmp_path / 'a.db'}"])
    root.handlers[:], root.level = handlers, level


def only(store: ArticleStore) -> Rule:
    (rule,) = store.desk.rules()
    return rule


def test_an_exclusion_is_in_force_until_the_day_is_over(typed: Type, store: ArticleStore) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    result = typed("rules", "add", "exclude", "--article", "a17", *BY, "--until", "2199-12-24")
    assert result.exit_code == 0, result.output
    line = "    1  in force until 2199-12-25T00:00:00Z: exclude article 'a17'  (A. Editor: legal)\n"
    assert result.stdout == line
    assert result.stderr == ""
    rule = only(store)
    assert (rule.action, rule.subject) == (Action.EXCLUDE, Subject(Kind.ARTICLE, "a17"))
    assert (rule.owner, rule.reason, rule.ends_at) == ("A. Editor", "legal", datetime(2199, 12, 25, tzinfo=UTC))
    assert before <= rule.starts_at <= datetime.now(UTC)
    assert store.desk.log()[0].who == "A. Editor"


def test_a_pin_has_a_slot_and_a_place(typed: Type, store: ArticleStore) -> None:
    result = typed(
        "rules", "add", "pin", "--article", "a18", "--slot", "2", "--on-section", "sport", "--for", "7d", *BY
    )
    assert result.exit_code == 0, result.output
    assert "the store has no article 'a18'" in result.stderr
    rule = only(store)
    assert (rule.slot, rule.place, rule.widget) == (2, Subject(Kind.SECTION, "sport"), Widget.SIMILAR)
    assert rule.ends_at == rule.starts_at + timedelta(days=7)


@pytest.mark.parametrize(("word", "factor"), [("boost", 2.0), ("bury", 0.3)])
def test_bury_is_a_boost_below_one(typed: Type, store: ArticleStore, word: str, factor: float) -> None:
    result = typed("rules", "add", word, "--tag", "horoscope", "--factor", str(factor), "--no-end", *BY)
    assert f"{word} tag 'horoscope' by {factor:g}" in result.stdout
    rule = only(store)
    assert (rule.action, rule.factor, rule.ends_at) == (Action.BOOST, factor, None)


def test_everything_hidden_is_the_switch_of_a_widget(typed: Type, store: ArticleStore) -> None:
    words = ("rules", "add", "hide", "--everything", "--widget", "author", "--from", "2199-01-01", "--no-end")
    assert "from 2199-01-01T00:00:00Z, no end: hide everything in author" in typed(*words, *BY).stdout
    assert only(store).widget is Widget.AUTHOR


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.EVERYTHING])
def test_every_kind_of_subject_has_an_option(typed: Type, store: ArticleStore, kind: Kind) -> None:
    assert typed("rules", "add", "evergreen", f"--{kind}", "x y", "--no-end", *BY).exit_code == 0
    assert only(store).subject == Subject(kind, "x y")


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_word_in_the_help(action: Action) -> None:
    assert f"\n  {action.value} " in CliRunner().invoke(main, ["rules", "add", "--help"]).output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("exclude --article a17", "--until MOMENT, --for 7d, --no-end"),
        ("exclude --article a17 --no-end --for 7d", "--until MOMENT, --for 7d, --no-end"),
        ("exclude --no-end", "give one of --article, --author"),
        ("exclude --article a17 --tag x --no-end", "give one of --article, --author"),
        ("exclude --everything --no-end", "exclude has everything as its subject"),
        ("exclude --article a17 --until soon", "'soon' is no moment"),
        ("exclude --article a17 --for 7", "'7' is no length of time"),
        ("exclude --article a17 --for 0d", "'0d' is no length of time"),
        ("exclude --article a17 --until 2020-01-01", "give a later moment"),
        ("exclude --article a17 --no-end --slot 1", "only a pin has them"),
        ("exclude --article a17 --no-end --everywhere", "for pins only"),
        ("exclude --article a17 --no-end --factor 2", "only a boost has one"),
        ("pin --article a17 --no-end --slot 1", "--on-article, --on-section, --everywhere"),
        ("pin --article a17 --no-end --slot 1 --everywhere --on-section x", "--on-article, --on-section, --everywhere"),
        ("pin --article a17 --no-end --everywhere", "slot is 0"),
        ("boost --tag x --no-end", "give --factor"),
        ("boost --tag x --no-end --factor 0.3", "bury has one below 1"),
        ("bury --tag x --no-end --factor 1.2", "bury has one below 1"),
        ("bury --tag x --no-end --factor 0.01", "factor is 0.01"),
        ("shout --tag x --no-end", "'shout'"),
    ],
)
def test_a_mistake_says_what_to_do_and_changes_nothing(typed: Type, store: ArticleStore, words: str, says: str) -> None:
    result = typed("rules", "add", *words.split(), *BY)
    assert result.exit_code in (1, 2)
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert store.desk.version() == 0


def test_an_owner_and_a_reason_are_asked_for(typed: Type) -> None:
    for missing in ("--owner", "--reason"):
        given = BY[2:] if missing == "--owner" else BY[:2]
        result = typed("rules", "add", "exclude", "--article", "a17", "--no-end", *given)
        assert result.exit_code == 2
        assert f"Missing option '{missing}'" in result.stderr


def test_rules_are_listed_ended_and_told_of(typed: Type, store: ArticleStore) -> None:
    for article in ("a17", "a18"):
        typed("rules", "add", "exclude", "--article", article, "--no-end", *BY)
    typed("rules", "add", "exclude", "--article", "a19", "--no-end", "--from", "2199-01-01", *BY)
    ended = typed("rules", "end", "1", "--owner", "Bo", "--reason", "sett\x1b[31mled\nout of court")
    assert ended.exit_code == 0, ended.output
    assert "over since" in ended.stdout
    assert "never in force" in typed("rules", "end", "3", *BY).stdout
    listed, every = typed("rules", "list").stdout, typed("rules", "list", "--all").stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["2"]
    assert [line.split()[0] for line in every.splitlines()] == ["1", "2", "3"]
    log = typed("rules", "log").stdout.splitlines()
    assert len(log) == 5
    assert "Bo: rule ended 1" in log[1]
    assert "\x1b" not in log[1]
    assert typed("rules", "log", "--limit", "1", "--before", "5").stdout.splitlines() == [log[1]]
    again = typed("rules", "end", "1", *BY)
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
    assert "is over since" in again.stderr


def test_a_key_is_made_listed_and_revoked(typed: Type, store: ArticleStore) -> None:
    made = typed("keys", "make", "--owner", "A. Editor", "--scope", "rules", "--scope", "explain", "--by", "Bo")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert store.keys.check(secret, Scope.EXPLAIN).owner == "A. Editor"
    assert secret not in made.stderr
    listed = typed("keys", "list").stdout
    assert "explain, rules  (A. Editor)" in listed
    assert secret not in listed
    assert "revoked" in typed("keys", "revoke", "1").stdout
    with pytest.raises(KeyRefused):
        store.keys.check(secret, Scope.RULES)
    assert [entry.who for entry in store.desk.log()][1] == "Bo"
    assert typed("keys", "revoke", "1").exit_code == 1


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for words in (["rules", "list"], ["keys", "list"], ["keys", "make", "--owner", "x", "--scope", "rules"]):
        result = CliRunner().invoke(main, [*words, "--store", f"sqlite:///{tmp_path / 'no.db'}"])
        assert result.exit_code == 1
        assert "no article store" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)),
        ("2026-12-24 18:00", datetime(2026, 12, 24, 18, tzinfo=UTC), datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24T18:00+01:00", datetime(2026, 12, 24, 17, tzinfo=UTC), datetime(2026, 12, 24, 17, tzinfo=UTC)),
    ],
)
def test_a_day_alone_is_a_whole_day(text: str, begin: datetime, end: datetime) -> None:
    assert (moment(text), moment(text, end=True)) == (begin, end)


@pytest.mark.parametrize("text", ["", "24.12.2026", "9999-12-31", "tomorrow", "2026-02-30"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no moment"):
        moment(text, end=True)


def test_a_span_has_a_unit() -> None:
    assert [span(text) for text in ("2w", "7d", "12h", "30m")] == [
        timedelta(days=14),
        timedelta(days=7),
        timedelta(hours=12),
        timedelta(minutes=30),
    ]
    for bad in ("", "7", "d", "-1d", "1.5h", "7d12h", "9999999d"):
        with pytest.raises(ConfigError, match="is no length of time"):
            span(bad)
