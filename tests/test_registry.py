"""The author registry: what an editor writes is what the lists show, and a mistake is told with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import MakeRelease, article
from fakes import FakeEmbedder

from index.__main__ import main
from index.authors import survey
from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from recsys import Recommender
from recsys.articles import Article, AuthorName
from recsys.authors import People, Person, joins
from recsys.errors import ConfigError
from recsys.registry import Registry
from recsys.spelling import doubtful
from recsys.store import ArticleStore

Write = Callable[[str], Registry]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def read(text: str) -> Registry:
        path = tmp_path / "authors.yaml"
        path.write_text(text, encoding="utf-8")
        return Registry.read(path)

    return read


def keys(names: list[str], apart: list[tuple[str, str]] | None = None) -> dict[str, str]:
    pairs = frozenset(frozenset(pair) for pair in apart or [])
    return {join.short: join.full for join in joins([Person(name, name) for name in names], pairs)}


def more(release: object, article_id: str) -> set[str]:
    items = Recommender(release).more_from_author(article_id, co_authors=False).items
    return {item.id for item in items}  # type: ignore[arg-type]


def test_initials_meet_the_only_name_that_they_can_mean() -> None:
    assert keys(["s wade", "stephen wade", "stephen marsh"]) == {"s wade": "stephen wade"}
    assert keys(["s wade", "stephen wade", "simon wade"]) == {}
    assert keys(["ann k lee", "ann lee"]) == {"ann lee": "ann k lee"}
    assert keys(["ann k lee", "ann b lee", "ann lee"]) == {}
    assert keys(["a lee", "ann lee", "ann k lee"]) == {"a lee": "ann k lee", "ann lee": "ann k lee"}
    assert keys(["s wade", "stephen wade"], [("s wade", "stephen wade")]) == {}


def test_a_name_of_one_id_means_that_id_and_a_name_of_two_means_neither() -> None:
    one, two = Person("id:1", "Ann Lee"), Person("id:2", "Ann Lee")
    plain = [Person("ann lee", "Ann Lee"), Person("a lee", "A. Lee")]
    assert {j.short: j.full for j in joins([one, *plain])} == {"ann lee": "id:1", "a lee": "id:1"}
    assert joins([one, two, *plain]) == ()


def test_what_only_looks_alike_is_doubtful_and_never_joined() -> None:
    names = {"jennifer peltz": 3, "jennife peltz": 1, "ann lee": 5, "ann maria lee": 2, "s wade": 1, "simon wade": 1,
             "stephen wade": 1, "bo day": 9}  # fmt: skip
    pairs = {(pair.short, pair.full) for pair in doubtful(names)}
    assert pairs == {("jennife peltz", "jennifer peltz"), ("ann lee", "ann maria lee"), ("s wade", "simon wade"),
                     ("s wade", "stephen wade")}  # fmt: skip
    assert keys(list(names)) == {}


def test_the_registry_joins_separates_and_hides(make_release: MakeRelease, write: Write) -> None:
    registry = write("""
- id: ines
  names: [Ines Vallory]
  aliases: [Ines Carrick]
- id: marsh-1
  names: [Jonah Marsh]
- id: marsh-2
  names: [Jonah Marsh]
  aliases: ["Jonah Marsh, Northline"]
  not_the_same_as: [marsh-1]
- id: ann
  names: [Ann Lee]
  not_the_same_as: [A. Lee]
- {id: bo, names: [Bo Day], hidden: true}
- {id: desk, names: [Harbour Lane], organisation: true}
- {id: wire, names: [Northline Staff], organisation: true, listed: true}
""")
    printed = [
        "Ines Vallory", "INES CARRICK", "Jonah Marsh, Northline", "Jonah Marsh", "Ann Lee", "A. Lee", "Bo Day",
        "Bo Day", "Harbour Lane", "Harbour Lane", "Northline staff", "Northline Staff", "Jonah Marsh, Northline",
    ]  # fmt: skip
    articles = [article(n, byline=byline) for n, byline in enumerate(printed)]
    articles += [article(13, authors=(AuthorName("Jonah Marsh", "marsh-1"),)), article(14, byline="Bo Day and Ann Lee")]
    release = make_release(articles, registry=registry)
    assert more(release, "a000") == {"a001"}
    assert release.card(0).authors == ("Ines Vallory",) == release.card(1).authors
    assert more(release, "a002") == {"a012"}, "the affiliation tells which of the two"
    assert more(release, "a003") == more(release, "a013") == set(), "nothing tells which, so it is neither"
    assert more(release, "a004") == {"a014"}
    assert more(release, "a005") == set()
    assert more(release, "a006") == more(release, "a008") == set()
    assert more(release, "a010") == {"a011"}
    assert more(release, "a014") == {"a004"}
    assert release.card(14).authors == ("Bo Day", "Ann Lee"), "the card says who wrote it all the same"
    plain = make_release(articles)
    assert more(plain, "a000") == more(plain, "a010") == set()
    assert more(plain, "a006") == {"a007", "a014"}
    assert more(plain, "a005") == {"a004", "a014"}


def test_an_id_of_the_cms_is_the_entry_of_that_id_or_name_unless_they_are_two(write: Write) -> None:
    people = People(write("- {id: 7, names: [Ann Lee], not_the_same_as: [9]}"))
    found = [people.of(Article("a", "t", authors=(AuthorName("ANN LEE", i),)))[0].key for i in ("7", "8", "9")]
    assert found == ["id:7", "id:7", "id:9"]


def test_a_changed_registry_is_a_new_release_and_the_same_one_is_not(tmp_path: Path, write: Write) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)
    store.put([article(n, byline="Ann Lee") for n in range(3)])
    ids = []
    for text in ("", "- {id: a, names: [Ann Lee]}", "- {id: a, names: [Ann Lee]}", "# no one"):
        registry = write(text) if text else Registry()
        config = NightlyConfig(BuildConfig(neighbours=2, registry=registry), force=True)
        manifest = nightly(store, tmp_path / "releases", FakeEmbedder(), config)
        assert manifest.config["authors"] == registry.digest
        ids.append(manifest.id)
    store.close()
    assert len(set(ids)) == 3
    assert ids[1] == ids[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {id: a, names: [Ann Lee]}\n- {id: a, names: [Bo Day]}", "line 2: author 'a' is already in line 1"),
        ("- id: a\n  names: [Ann Lee]\n  nmaes: [X Y]", "line 3: unknown key 'nmaes'; the keys are id, names, aliases"),
        ("- {id: a, names: [Ann Lee]}\n- {id: b, names: [Bo Day], aliases: [ANN LEE]}",
         "line 2: author 'b' claims 'ANN LEE', which is 'a' in line 1; if they are two, say not_the_same_as: [a]"),
        ("- {id: a, names: [Ann Lee], aliases: [A. Lee, A Lee]}", "line 1: author 'a': aliases has 'A Lee' twice"),
        ("- {id: a}", "line 1: author 'a': has no names"),
        ("- {names: [Ann Lee]}", "line 1: author None: id is None"),
        ("\n- {id: a, names: [yes, 3]}", "line 2: author 'a': names is 3; write a text, in quotes"),
        ("- {id: a, names: [Ann Lee], hidden: maybe}", "hidden is 'maybe'; write true or false"),
        ("- {id: a, names: [Ann Lee], listed: true}", "listed is for an organisation"),
        ("- {id: a, names: [Ann Lee], not_the_same_as: [a]}", "not_the_same_as names 'a', which is this author"),
        ("- id: a\n  id: b", "line 2: found duplicate key \"id\""),
        ("- id: [", "line 1"),
        ("id: a", "holds no list"),
        ("- Ann Lee", "line 1: 'Ann Lee' is no entry"),
        ("- !!python/object:os.system {id: a, names: [x]}", "line 1: author 'a'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(write: Write, text: str, told: str) -> None:
    if "python" in text:
        assert write(text).authors[0].id == "a", "a tag is only a tag: nothing is made of it"
        return
    with pytest.raises(ConfigError) as error:
        write(text)
    assert told in str(error.value)


def test_no_and_017_are_texts_and_an_empty_file_is_a_registry_of_nobody(write: Write) -> None:
    assert write("- {id: a, names: [No, On]}").authors[0].names == ("No", "On")
    assert write("").authors == ()


def test_the_command_lists_merges_doubts_and_generic_bylines(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = ArticleStore.open(url, create=True)
    printed = [
        "Ann Lee",
        "ANN LEE",
        "A. Lee",
        "Jennifer Peltz",
        "Jennife Peltz",
        "Northline Staff",
        "Northline Staff",
        "Editorial",
    ]
    store.put([article(n, byline=byline) for n, byline in enumerate(printed)])
    with store.snapshot() as snapshot:
        found = survey(snapshot.articles(), Registry())
    assert [(dict(m.spellings), m.why) for m in found.merges] == [({"Ann Lee": 2, "A. Lee": 1}, "initials")]
    assert [p.names for p in found.pairs] == [("Jennife Peltz", "Jennifer Peltz")]
    assert found.generic == (("Northline Staff", 2), ("Editorial", 1))
    store.close()
    result = CliRunner().invoke(main, ["authors", "--store", url, "--top", "1"])
    assert result.exit_code == 0, result.output
    assert "3 authors of 8 articles" in result.output
    assert "Ann Lee (2) = A. Lee (1)  [initials]" in result.output
    assert "… 1 more (--top)" in result.output
    path = tmp_path / "authors.yaml"
    path.write_text("- {id: a, names: []}")
    wrong = CliRunner().invoke(main, ["authors", "--store", url, "--authors", str(path)])
    assert wrong.exit_code == 1
    assert "has no names" in wrong.output
