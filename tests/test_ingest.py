"""Records to articles, and the `ingest` command."""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.__main__ import main
from index.ingest import IngestConfig, ingest
from index.report import IngestReport, Limit
from recsys.articles import Article, AuthorName, Image, Status
from recsys.errors import ConfigError, SourceError
from recsys.records import CANONICAL, parse_mapping, read
from recsys.records.fields import Unusable
from recsys.store import ArticleStore, Outcome

NOW = datetime(2025, 6, 1, tzinfo=UTC)
GOOD: dict[str, object] = {"id": "a", "title": "T", "byline": "By Ann Lee", "published_at": "2024-05-06"}
DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)) as opened:
        yield opened


def written(folder: Path, records: Sequence[object], name: str = "articles.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def good(article_id: str, **more: object) -> dict[str, object]:
    return GOOD | {"id": article_id} | more


def one(**more: object) -> Article:
    return read(GOOD | more, {}, NOW).article


def warned(**more: object) -> tuple[str, ...]:
    return read(GOOD | more, {}, NOW).warnings


def test_every_field_is_read() -> None:
    record: dict[str, object] = {
        "id": 17,
        "url": "https://paper.example/a b",
        "title": "<b>Storm</b> &amp; sea",
        "standfirst": "<p>Boats stay in.</p>",
        "body": "<p>One.</p><p>Two donâ€™t.</p>",
        "byline": "By Ann Lee",
        "authors": ["Ann Lee", {"id": 7, "name": "Bo Day"}, {"name": ""}, None],
        "section": " World / Europe/",
        "tags": "storm; sea|wind, storm",
        "published_at": 1474370000,
        "updated_at": None,
        "language": "en",
        "image": {"url": "https://paper.example/i.jpg", "alt": "waves"},
        "status": "Published",
    }
    reading = read(record, {}, NOW)
    assert reading.warnings == ()
    assert reading.article == Article(
        id="17",
        url="https://paper.example/a%20b",
        title="Storm & sea",
        standfirst="Boats stay in.",
        body="One.\nTwo don’t.",
        byline="By Ann Lee",
        authors=(AuthorName("Ann Lee"), AuthorName("Bo Day", "7")),
        section="World/Europe",
        tags=("storm", "sea", "wind"),
        published_at=datetime(2016, 9, 20, 11, 13, 20, tzinfo=UTC),
        language="en",
        image=Image("https://paper.example/i.jpg", "waves"),
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", " "),
        ("id", True),
        ("id", 1.5),
        ("id", "a\x00"),
        ("id", "x" * 501),
        ("id", ["a"]),
        ("title", None),
        ("title", ""),
        ("title", "<p> </p>"),
        ("title", 5),
        ("body", ["a"]),
        ("byline", 3),
        ("authors", 3),
        ("authors", [3]),
        ("authors", [{"id": {}, "name": "x"}]),
        ("tags", {"a": 1}),
        ("tags", [1]),
        ("section", ["a"]),
        ("language", 1),
        ("url", 3),
        ("image", 3),
        ("image", {"url": 3}),
        ("status", "gone"),
        ("status", 1),
        ("pubstatus", "gone"),
        ("published_at", ["2024"]),
        ("updated_at", True),
    ],
)
def test_what_cannot_be_an_article_names_the_field(field: str, value: object) -> None:
    with pytest.raises(Unusable) as refused:
        one(**{field: value})
    assert refused.value.field == field.replace("pub", "", field == "pubstatus")


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("published_at", "0001-01-01", "published_at unreadable or absurd"),
        ("published_at", "last week", "published_at unreadable or absurd"),
        ("published_at", "", "published_at missing"),
        ("updated_at", "nonsense", "updated_at unreadable or absurd"),
        ("byline", " ", "byline missing"),
        ("url", "javascript:alert(1)", "url not http(s)"),
        ("image", "data:image/png;base64,xx", "image not http(s)"),
        ("image", {"url": "java\nscript:alert(1)"}, "image not http(s)"),
        ("title", "x" * 1_000_000, "title cut"),
        ("body", "word " * 500_000, "body cut"),
        ("tags", [f"t{n}" for n in range(300)], "tags cut"),
    ],
)
def test_a_field_that_is_unknown_or_cut_is_a_warning(field: str, value: object, kind: str) -> None:
    assert warned(**{field: value}) == (kind,)
    article = one(**{field: value})
    assert "script" not in article.url
    assert article.image is None
    assert len(article.title) <= 1000
    assert len(article.body) <= 2_000_000


def test_authors_stand_in_for_a_byline() -> None:
    assert warned(byline="", authors=["Ann"]) == ()
    assert one(byline="", authors="Ann and Bo").byline == "Ann and Bo"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "usable"),
        ("", "usable"),
        ("usable", "usable"),
        ("draft", "withheld"),
        ("DELETED", "canceled"),
        ("canceled", "canceled"),
    ],
)
def test_a_status_has_synonyms(status: object, expected: str) -> None:
    assert one(status=status).status == Status(expected)


@pytest.mark.parametrize("name", ["recommendable", "show_related", "evergreen"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, False),
        ("True", True),
        (" no ", False),
        ("yes", True),
        ("0", False),
        ("1", True),
        (1, True),
        (0.0, False),
        (None, None),
        ("", None),
        (float("nan"), None),
    ],
)
def test_a_flag_is_read_in_its_usual_forms(name: str, value: object, expected: bool | None) -> None:
    assert warned(**{name: value}) == ()
    assert getattr(one(**{name: value}), name) is (name != "evergreen" if expected is None else expected)


@pytest.mark.parametrize("name", ["recommendable", "show_related", "evergreen"])
@pytest.mark.parametrize("value", ["maybe", 2, -1, [True], {"a": 1}, "ja"])
def test_a_flag_that_cannot_be_read_counts_as_no(name: str, value: object) -> None:
    assert warned(**{name: value}) == (f"{name} unknown, taken as no",)
    assert getattr(one(**{name: value}), name) is False


@pytest.mark.parametrize("name", ["embargoed_until", "expires_at"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2031-12-24T18:00:00+01:00", datetime(2031, 12, 24, 17, tzinfo=UTC)),
        ("2001-01-01", datetime(2001, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (1924970400, datetime(2030, 12, 31, 18, tzinfo=UTC)),
        (None, None),
        ("", None),
        (False, None),
        (0, None),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00", None),
        (float("nan"), None),
    ],
)
def test_an_end_may_lie_far_ahead_and_nothing_has_many_names(
    name: str, value: object, expected: datetime | None
) -> None:
    assert warned(**{name: value}) == ()
    assert getattr(one(**{name: value}), name) == expected
    assert one(**{name: value}).status is Status.USABLE


@pytest.mark.parametrize("name", ["embargoed_until", "expires_at"])
@pytest.mark.parametrize("value", ["soon", True, ["2031-01-01"], {"at": 1}, "10/11/2031", "0206-12-24", "2031", 10**30])
def test_an_end_that_cannot_be_read_keeps_the_article_back(name: str, value: object) -> None:
    assert warned(**{name: value}) == (f"{name} unreadable, so withheld",)
    assert one(**{name: value}).status is Status.WITHHELD
    assert one(**{name: value, "status": "canceled"}).status is Status.CANCELED


def test_part_of_a_second_never_shows_an_article_longer() -> None:
    article = one(embargoed_until="2031-01-01T00:00:00.1Z", expires_at="2031-01-02T00:00:00.9Z")
    assert article.embargoed_until == datetime(2031, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert article.expires_at == datetime(2031, 1, 2, tzinfo=UTC)


def test_the_names_of_ninjs_stand_in_for_ours_where_ours_say_nothing() -> None:
    ninjs: dict[str, object] = {"pubstatus": "withheld", "embargoed": "2031-01-01", "expires": "2032-01-01"}
    article = one(**ninjs)
    assert article.status is Status.WITHHELD
    assert (article.embargoed_until, article.expires_at) == tuple(datetime(y, 1, 1, tzinfo=UTC) for y in (2031, 2032))
    ours = one(**ninjs, status="usable", embargoed_until="2030-01-01", expires_at="")
    assert (ours.status, ours.embargoed_until) == (Status.USABLE, datetime(2030, 1, 1, tzinfo=UTC))
    assert ours.expires_at == datetime(2032, 1, 1, tzinfo=UTC)
    mapped = read(GOOD | ninjs, {"status": "state", "embargoed_until": "hold", "expires_at": "off"}, NOW).article
    assert (mapped.status, mapped.embargoed_until, mapped.expires_at) == (Status.USABLE, None, None)


def test_an_article_that_is_put_under_an_unreadable_embargo_is_taken_back(tmp_path: Path, store: ArticleStore) -> None:
    ingest([written(tmp_path, [good("a")])], store, now=NOW)
    report = ingest([written(tmp_path, [good("a", embargoed_until="not yet")])], store, now=NOW)
    assert (report.warned, report.warnings) == (1, {"embargoed_until unreadable, so withheld": 1})
    assert store.changes_after(0)[-1].status is Status.WITHHELD
    ingest([written(tmp_path, [good("a", hold="2025-07-01")])], store, IngestConfig({"embargoed_until": "hold"}), NOW)
    (change,) = store.changes_after(0)
    assert change.lifecycle.embargoed_until == datetime(2025, 7, 1, tzinfo=UTC)
    assert change.status is Status.USABLE


def test_a_mapping_renames_columns() -> None:
    mapping = parse_mapping(["title=headline, published_at=date", "section=topic"])
    assert mapping == {"title": "headline", "published_at": "date", "section": "topic"}
    article = read({"id": 1, "headline": "H", "title": "ignored", "topic": "x"}, mapping, NOW).article
    assert (article.title, article.section) == ("H", "x")
    for bad, says in (("heading=x", "standfirst"), ("title", "CANONICAL=COLUMN"), ("title=a,title=b", "already")):
        with pytest.raises(ConfigError, match=says):
            parse_mapping([bad])


def test_a_limit_is_a_number_or_a_share() -> None:
    assert not Limit.parse("2").exceeded(2, 2)
    assert Limit.parse("2").exceeded(3, 900)
    assert Limit.parse("5%").exceeded(6, 100)
    assert not Limit.parse("5%").exceeded(5, 100)
    assert not Limit.parse("0%").exceeded(0, 0)
    for bad in ("", "-1", "x", "101%", "nan%", "inf"):
        with pytest.raises(ConfigError):
            Limit.parse(bad)


def run(folder: Path, *options: str) -> Result:
    # the command sets up logging for its process; a test must leave none behind
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        store, rejects = f"sqlite:///{folder / 'a.db'}", str(folder / "rejects.jsonl")
        return CliRunner().invoke(main, ["ingest", *options, "--store", store, "--rejects", rejects])
    finally:
        root.handlers[:], root.level = handlers, level


def numbers(result: Result) -> dict[str, int]:
    lines = result.stdout.split("\n\n")[0].splitlines()
    return {name: int(number.replace(",", "")) for name, number in (line.split() for line in lines)}


def test_the_command_prints_one_outcome_for_each_record(tmp_path: Path) -> None:
    records: list[object] = [
        good("a"),
        good("b", byline=""),
        {"title": "no id"},
        "broken\n",
        good("c", status=9),
        good("a"),
    ]
    first = run(tmp_path, str(written(tmp_path, records)), "--reject-limit", "3")
    assert first.exit_code == 0
    assert numbers(first) == {
        "read": 6,
        "new": 1,
        "changed": 0,
        "unchanged": 1,
        "retired": 0,
        "warned": 1,
        "rejected": 3,
    }
    assert "of the warned: 1 new" in first.stdout
    assert "1  byline missing" in first.stdout
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert [(reject["line"], reject["field"], reject["value"]) for reject in rejects] == [
        (3, "id", "None"),
        (4, "", "broken"),
        (5, "status", "9"),
    ]
    second = run(tmp_path, str(written(tmp_path, records)))
    assert second.exit_code == 1
    assert "3 of 6 records were rejected, the limit is 5 %" in second.stderr
    assert numbers(second) == {
        "read": 6,
        "new": 0,
        "changed": 0,
        "unchanged": 2,
        "retired": 0,
        "warned": 1,
        "rejected": 3,
    }


def test_a_clean_run_makes_no_rejects_file(tmp_path: Path) -> None:
    assert run(tmp_path, str(written(tmp_path, [good("a")]))).exit_code == 0
    assert not (tmp_path / "rejects.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["gone.jsonl"], "gone.jsonl"),
        (["--map", "heading=x", "{file}"], "no field 'heading'"),
        (["--reject-limit", "lots", "{file}"], "'lots'"),
        (["--retire-limit", "7", "--full", "{file}"], "share from 0 to 1"),
    ],
)
def test_a_mistake_in_the_options_is_one_line(tmp_path: Path, options: list[str], says: str) -> None:
    path = written(tmp_path, [good("a")])
    result = run(tmp_path, *(option.format(file=path) for option in options))
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_a_full_export_retires_what_it_lacks(tmp_path: Path) -> None:
    run(tmp_path, str(written(tmp_path, [good(f"{n}") for n in range(10)])))
    smaller = [good(f"{n}") for n in range(1, 10)]
    result = run(tmp_path, "--full", str(written(tmp_path, smaller)))
    assert result.exit_code == 0
    assert numbers(result) == {
        "read": 10,
        "new": 0,
        "changed": 0,
        "unchanged": 9,
        "retired": 1,
        "warned": 0,
        "rejected": 0,
    }
    back = run(tmp_path, "--full", str(written(tmp_path, [good(f"{n}") for n in range(10)])))
    assert numbers(back) == {
        "read": 10,
        "new": 0,
        "changed": 1,
        "unchanged": 9,
        "retired": 0,
        "warned": 0,
        "rejected": 0,
    }


@pytest.mark.parametrize("broken", [{"id": "9", "title": ""}, '{"id": "9", "title": "cut o\n'])
def test_an_article_whose_record_is_rejected_is_not_retired(tmp_path: Path, broken: object) -> None:
    run(tmp_path, str(written(tmp_path, [good(f"{n}") for n in range(10)])))
    result = run(
        tmp_path, "--full", "--reject-limit", "1", str(written(tmp_path, [good(f"{n}") for n in range(9)] + [broken]))
    )
    assert (result.exit_code, numbers(result)["retired"], numbers(result)["rejected"]) == (0, 0, 1)


def test_a_full_export_that_is_far_too_small_retires_nothing(tmp_path: Path) -> None:
    run(tmp_path, str(written(tmp_path, [good(f"{n}") for n in range(10)])))
    small = str(written(tmp_path, [good("1")]))
    result = run(tmp_path, "--full", small)
    assert (result.exit_code, numbers(result)["retired"]) == (1, 0)
    assert "--retire-limit" in result.stderr
    assert numbers(run(tmp_path, "--full", small, "--retire-limit", "1"))["retired"] == 9


def test_a_file_that_breaks_off_counts_up_to_there_and_retires_nothing(tmp_path: Path, store: ArticleStore) -> None:
    store.put([Article(id="old", title="t")])
    cut = written(tmp_path, ["id,title,byline,published_at\n1,a,b,2024-01-01\n", '2,"never closed,b\n'], "a.csv")
    after = written(tmp_path, [good("3")])
    report = ingest([cut, after], store, IngestConfig(full=True, retire_limit=1), NOW)
    assert (report.new, report.retired, len(report.problems)) == (2, 0, 2)
    assert "never closed" in report.problems[0]
    assert store.count()[Status.RETIRED] == 0


def test_a_missing_file_stops_the_run_before_anything_is_stored(tmp_path: Path, store: ArticleStore) -> None:
    with pytest.raises(SourceError):
        ingest([written(tmp_path, [good("a")]), tmp_path / "gone.csv"], store)
    assert store.change() == 0


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["<p>x", "2024-01-01", "javascript:x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "url", "alt"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORD = st.fixed_dictionaries({"id": st.sampled_from(["a", "b", "c"]), "title": st.just("T")}).flatmap(
    lambda base: st.dictionaries(st.sampled_from(CANONICAL), JSON, max_size=4).map(lambda more: base | more)
)


def ingested(folder: Path, store: ArticleStore, records: list[Mapping[str, object]]) -> IngestReport:
    path = written(folder, records)
    return ingest([path], store, IngestConfig(rejects=folder / "rejects.jsonl"), NOW)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORD, max_size=5))
def test_any_record_is_stored_warned_or_rejected_and_counted(records: list[Mapping[str, object]]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        closing(ArticleStore.open(f"sqlite:///{name}/a.db", create=True)) as store,
    ):
        folder = Path(name)
        first = ingested(folder, store, records)
        assert first.read == len(records)
        assert sum(first.warned_outcomes.values()) == first.warned
        assert first.retired == 0
        with store.snapshot() as snapshot:
            for article in snapshot.articles(None):
                assert article.url == "" or article.url.lower().startswith("http")
        if len({str(record["id"]) for record in records}) == len(records):
            again = ingested(folder, store, records)
            assert (again.new, again.changed, again.rejected) == (0, 0, first.rejected)
            assert again.unchanged == first.new
            assert again.warned_outcomes.get(Outcome.UNCHANGED, 0) == again.warned == first.warned


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared news data beside the repository")
@pytest.mark.parametrize(
    ("name", "mapping"),
    [("abp", "published_at=published"), ("govblogs", "published_at=date,standfirst=summary,tags=topics")],
)
def test_real_newspapers_are_taken_in_whole(tmp_path: Path, store: ArticleStore, name: str, mapping: str) -> None:
    import gzip

    with gzip.open(DATA / name / "articles.jsonl.gz", "rt", encoding="utf-8") as file:
        path = tmp_path / "some.jsonl"
        path.write_text("".join(islice(file, 400)), encoding="utf-8")
    config = IngestConfig(parse_mapping([mapping]), rejects=tmp_path / "rejects.jsonl")
    first, second = ingest([path], store, config, NOW), ingest([path], store, config, NOW)
    assert (first.read, first.rejected, first.new + first.warned) == (400, 0, 400)
    assert (second.unchanged, second.warned, second.changed, second.new) == (first.new, first.warned, 0, 0)
    with store.snapshot() as snapshot:
        articles = list(snapshot.articles())
    assert len(articles) == 400
    assert sum(len(article.body) > 500 for article in articles) > 350
    assert all(article.published_at is not None for article in articles)
