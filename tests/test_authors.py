"""Bylines: who is a person, who is not, and which spellings are one."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.articles import Article, AuthorName
from recsys.authors import Byline, Person, joins, name_key, parse_byline, persons_of

BYLINES = Path(__file__).parents[2] / "shared/data/huffpost/bylines.jsonl.gz"


@pytest.mark.parametrize(
    ("printed", "persons"),
    [
        ("By Ines Vallory", ["Ines Vallory"]),
        ("By MARGARET O'SHEE", ["Margaret O'Shee"]),
        ("RORY McALDANE", ["Rory McAldane"]),
        ("By Ines Vallory and Callum Reyes-Stoddart", ["Ines Vallory", "Callum Reyes-Stoddart"]),
        ("Ines Vallory, Rory McAldane and Yuki Tanabe-Holt", ["Ines Vallory", "Rory McAldane", "Yuki Tanabe-Holt"]),
        ("Jonah Marsh, Jr.", ["Jonah Marsh Jr."]),
        ("Jonah Marsh Jr.", ["Jonah Marsh Jr."]),
        ("By Rory McAldane at Tannery Lane", ["Rory McAldane"]),
        ("By Ines Vallory, council correspondent", ["Ines Vallory"]),
        ("Piet van der Loon", ["Piet van der Loon"]),
        ("Henrik Osgood, Northline", ["Henrik Osgood"]),
        ("Alan Silver, Cnn Congressional Producer", ["Alan Silver"]),
        ("John Mills, Jmills Harbour.Com", ["John Mills"]),
        ("By STEPHEN WADE and YURI KAGEYAMA, AP", ["Stephen Wade", "Yuri Kageyama"]),
        ("Jonathan Landrum, Jr., AP", ["Jonathan Landrum Jr."]),
        ("Rory Carroll Ireland correspondent", ["Rory Carroll"]),
        ("Samuel Gibbs Consumer technology editor", ["Samuel Gibbs"]),
        ("Mary Ann Marsh political editor", ["Mary Ann Marsh"]),
        ("Jonah Marsh Tannery correspondent", ["Jonah Marsh"]),
        ("Janet W. Lee, Variety via Reuters", ["Janet W. Lee"]),
        ("Analysis Stephen Collinson", ["Stephen Collinson"]),
        ("Analysis by Stephen Collinson", ["Stephen Collinson"]),
        ("The harbour could still be saved if the council acts, writes ROGER McKENZIE", ["Roger McKenzie"]),
        ("What the harbour teaches us about the next strike. By Ines Vallory", ["Ines Vallory"]),
        ("INES VALLORY writes from Tannery Lane on the strike", ["Ines Vallory"]),
        ("Written by Ines Vallory and read by Bo Day. Produced by Ann Lee", ["Ines Vallory", "Ann Lee"]),
        ("Words: Ann Lee Photos: Bo Day", ["Ann Lee", "Bo Day"]),
        ("SINÉAD O’SHEE, AP", ["Sinéad O’Shee"]),
        ("Ann Lee,,", ["Ann Lee"]),
        ("by ann lee", ["Ann Lee"]),
        ("J.P. O'NEILL", ["J.P. O'Neill"]),
        ("Jean-Pierre LÉVY", ["Jean-Pierre Lévy"]),
        ("Ann Lee/Bo Day", ["Ann Lee", "Bo Day"]),
        ("Ann Lee (Northline)", ["Ann Lee"]),
        ("Ann Lee | Live Science", ["Ann Lee"]),
        ("Ann Lee, Live Science", ["Ann Lee"]),
        ("Ann Lee, On Assignment For The Courier", ["Ann Lee"]),
        ("Ann Lee and Bo Day, Tannery Lane", ["Ann Lee", "Bo Day"]),
        ("Ann Lee, ContributorWife, mother and Clinical Psychologist", ["Ann Lee"]),
        ("Bill Press, CNN Contributor", ["Bill Press"]),
        ("Al From", ["Al From"]),
        ("Backgroundurl Avatar_Large", []),
        ("Morning Star reporter", []),
        ("Popular Science, Editorial Partner", []),
        ("The Harbour Review", []),
        ("Agence France-Presse", []),
        ("Northline Staff", []),
        ("Courier staff", []),
        ("Staff reporters", []),
        ("Editorial", []),
        ("Our correspondent", []),
        ("", []),
        (" , and ; ", []),
    ],
)
def test_a_byline_names_its_persons(printed: str, persons: list[str]) -> None:
    assert list(parse_byline(printed).persons) == persons


def test_an_affiliation_and_an_organisation_are_kept_apart() -> None:
    assert parse_byline("Henrik Osgood, Northline").affiliation == "Northline"
    assert parse_byline("Northline Staff").organisations == ("Northline Staff",)
    assert parse_byline("Rory Carroll Ireland correspondent").affiliation == "Ireland correspondent"
    assert parse_byline("Reuters Staff, Reuters") == Byline((), "Reuters", ("Reuters Staff",))
    assert parse_byline("Backgroundurl Avatar_Large") == Byline()


@given(st.text(max_size=200))
def test_any_text_can_be_a_byline(printed: str) -> None:
    byline = parse_byline(printed)
    assert all(name.strip() for name in byline.persons)
    assert len(set(byline.persons)) == len(byline.persons)


def test_spellings_of_one_name_have_one_key() -> None:
    for one, other in [
        ("Siobhán Carrick", "SIOBHAN CARRICK"),
        ("Margaret O’Shee", "Margaret O'Shee"),
        ("Jonah Marsh, Jr.", "jonah marsh jr"),
    ]:
        assert name_key(one) == name_key(other)
    assert name_key("Ines Vallory") != name_key("Ines Valory")


def test_authors_of_the_cms_win_over_the_byline_and_each_person_counts_once() -> None:
    both = Article(
        "a", "t", byline="By Ines Vallory", authors=(AuthorName("Rory McAldane", "7"), AuthorName("RORY McALDANE", "7"))
    )
    assert [(p.key, p.name) for p in persons_of(both)] == [("id:7", "Rory McAldane")]
    assert [p.key for p in persons_of(Article("a", "t", authors=(AuthorName("Courier staff"),)))] == []


@pytest.mark.skipif(not BYLINES.exists(), reason="needs ../shared/data/huffpost")
def test_most_printed_bylines_of_a_real_site_are_read_right() -> None:
    with gzip.open(BYLINES, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    right = sum(
        {name_key(n) for n in parse_byline(x["raw"]).persons} == {name_key(n) for n in x["persons"]} for x in lines
    )
    assert right / len(lines) >= 0.99
    assert len(lines) > 900


@pytest.mark.skipif(not BYLINES.exists(), reason="needs ../shared/data/huffpost")
def test_spellings_of_a_real_site_meet_and_no_two_persons_do() -> None:
    with gzip.open(BYLINES, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    found: dict[str, set[str]] = defaultdict(set)  # a person of the gold -> our keys
    for line in lines:
        persons = persons_of(Article("a", "t", byline=line["raw"]))
        if len(persons) == len(line["person_keys"]):
            for gold, person in zip(line["person_keys"], persons, strict=True):
                found[gold].add(person.key)
    people = [Person(key, key) for keys in found.values() for key in keys]
    same = {join.short: join.full for join in joins(people)}
    ours = {gold: {same.get(key, key) for key in keys} for gold, keys in found.items()}
    assert sum(len(keys) == 1 for keys in ours.values()) / len(ours) >= 0.97
    assert len({key for keys in ours.values() for key in keys}) >= len(ours), "a false merge"
