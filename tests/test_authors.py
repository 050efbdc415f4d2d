"""Bylines: who is a person, who is not, and which spellings are one."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
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
        ("Ann Lee, Vanity Fair", ["Ann Lee"]),
        ("Ann Lee, Rolling Stone", ["Ann Lee"]),
        ("Ann Lee, War Crimes", ["Ann Lee"]),
        ("Ann Lee, Human Rights Watch", ["Ann Lee"]),
        ("Ann Lee, Palm Springs", ["Ann Lee"]),
        ("Ann Lee, Director Of Policy", ["Ann Lee"]),
        ("ANN LEE, Tannery Row", ["Ann Lee"]),
        ("Ann Lee and Bo Day, Yahoo News and Mother Jones", ["Ann Lee", "Bo Day"]),
        ("Ann Lee in Berlin, Bo Day in Cork and Wei Zhang in Rome", ["Ann Lee", "Bo Day", "Wei Zhang"]),
        ("Ann Lee/AP", ["Ann Lee"]),
        ("Reuters, Ann Marsh", ["Ann Marsh"]),
        ("Courier Staff, Ann Marsh", ["Ann Marsh"]),
        ("Lee, Ann Marsh", []),
        ("Ann Lee The Associated Press", ["Ann Lee"]),
        ("By Ann Lee Of The Courier Staff", ["Ann Lee"]),
        ("From Ann Lee in Cairo", ["Ann Lee"]),
        ("Political editor Ann Lee", ["Ann Lee"]),
        ("Our correspondent Ann Lee", ["Ann Lee"]),
        ("Guest author: Ann Lee", ["Ann Lee"]),
        ("Ann Lee, as told to Bo Day", ["Ann Lee", "Bo Day"]),
        ("Ann Lee. Additional reporting by Bo Day", ["Ann Lee", "Bo Day"]),
        ("(Reporting by Ann Lee; editing by Bo Day)", ["Ann Lee"]),
        ("Ann Lee ann.lee@harbour.example", ["Ann Lee"]),
        ("Ann Lee (@annlee)", ["Ann Lee"]),
        ("By Ann Lee on 12 March 2014", ["Ann Lee"]),
        ("Ann Lee Published 3:04 p.m. ET May 2", ["Ann Lee"]),
        ("Ann Lee is a lecturer in history", ["Ann Lee"]),
        ("Ann Lee, Ph.D., and Bo Day, M.D.", ["Ann Lee", "Bo Day"]),
        ("Dr Ann Lee", ["Dr Ann Lee"]),
        ("Ann (Annie) Marsh-Lee", ["Ann Marsh-Lee"]),
        ("Ann O&#39;Shee", ["Ann O'Shee"]),
        ("Von Anna Vallory und Bo Day", ["Anna Vallory", "Bo Day"]),
        ("Par Anne Vallory et Luc Marsh", ["Anne Vallory", "Luc Marsh"]),
        ("Por Ana Vallory y Luis Marsh", ["Ana Vallory", "Luis Marsh"]),
        ("Ana Ortega y Marsh", ["Ana Ortega y Marsh"]),
        ("Og Marsh", ["Og Marsh"]),
        ("Anh Do and Phuong Le, AP", ["Anh Do", "Phuong Le"]),
        ("An Vallory", ["An Vallory"]),
        ("Robert Service", ["Robert Service"]),
        ("Marsh Service", []),
        ("Sonia Vallory D., AP", ["Sonia Vallory D."]),
        ("김하린, 이도윤", ["김하린", "이도윤"]),
        ("海辺新聞", []),
        ("JAN VAN DER LOON", ["Jan van der Loon"]),
        ("ANA DE LA VEGA", ["Ana de la Vega"]),
        ("LUCA DI MARSH", ["Luca Di Marsh"]),
        ("STEVE LeMARSH", ["Steve LeMarsh"]),
        ("Rory Mcaldane", ["Rory McAldane"]),
        ("EILEEN NG", ["Eileen Ng"]),
        ("JK HARLOW III", ["JK Harlow III"]),
        ("Jonah Marsh Iii", ["Jonah Marsh III"]),
        ("d'Arcy Vallory", ["d'Arcy Vallory"]),
        ("Fisher's Corner", []),
        ("world of sport", []),
        ("Young Harbour League", []),
        ("Backgroundurl Avatar_Large", []),
        ("Backgroundurl Avatar_Large, Story Count", []),
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
    assert parse_byline("Ann Lee, Vanity Fair").affiliation == "Vanity Fair"
    assert parse_byline("Ann Lee The Associated Press").affiliation == "The Associated Press"


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
    assert name_key("Rep. Ines Vallory") == name_key("Ines Vallory, PhD") == name_key("Ines Vallory")
    assert name_key("Jean-Paul Vallory") == name_key("Jean Paul Vallory")
    for one, other in [
        ("Ines Vallory", "Ines Valory"),
        ("Jonah Marsh Jr.", "Jonah Marsh"),
        ("Jonah Marsh Jr.", "Jonah Marsh Sr."),
        ("Rory McAldane", "Rory MacAldane"),
        ("Lee Ann", "Ann Lee"),
    ]:
        assert name_key(one) != name_key(other)


def joined(names: Iterable[str]) -> dict[str, str]:
    return {join.short: join.full for join in joins([Person(name, name) for name in names])}


def test_a_namesake_leaves_a_short_name_undecided() -> None:
    assert joined(["j marsh", "jonah marsh"]) == {"j marsh": "jonah marsh"}
    assert joined(["j marsh", "jonah marsh", "jonah marsh jr"]) == {}
    assert joined(["jonah marsh", "jonah marsh jr"]) == joined(["jonah marsh jr", "jonah marsh sr"]) == {}
    assert joined(["jonah t marsh", "jonah marsh"]) == {"jonah marsh": "jonah t marsh"}
    assert joined(["jonah t marsh", "jonah marsh", "jonah marsh iii"]) == {}
    assert joined(["jonah t marsh", "jonah marsh", "jonah luke marsh"]) == {}
    assert joined(["jonah t marsh", "jonah b marsh"]) == {}


GIVEN = st.sampled_from(["a", "ann", "anna", "bo", "b", "jean paul"])
MIDDLE = st.sampled_from(["", "k ", "m ", "karen "])
ENDS = st.sampled_from(["lee", "day", "lee jr", "mcday", "macday"])
NAMES = st.lists(st.tuples(GIVEN, MIDDLE, ENDS).map(lambda name: f"{name[0]} {name[1]}{name[2]}"), max_size=9)


@given(NAMES)
def test_no_two_given_names_or_middle_names_ever_meet(names: list[str]) -> None:
    same = joined(names)
    people: dict[str, list[list[str]]] = defaultdict(list)
    for name in set(names):
        people[same.get(name, name)].append(name.split())
    for spellings in people.values():
        assert len({words[0] for words in spellings if len(words[0]) > 1}) <= 1
        assert len({words[-1] for words in spellings}) == 1
        assert len({words[1] for words in spellings if len(words) == 3 and len(words[1]) == 1}) <= 1


@given(NAMES)
def test_joins_end_where_they_lead_and_take_no_order(names: list[str]) -> None:
    same = joined(names)
    assert not same.keys() & set(same.values())
    assert joined(reversed(names)) == same
    assert joined({same.get(name, name) for name in names}) == {}


@given(st.text("aéßŁ’'-. JrDMO", max_size=60))
def test_a_key_of_a_key_is_that_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


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
