"""`python -m eval bench`: the framework, the invented archive, and each benchmark once at a tiny size."""

import asyncio
import contextlib
import inspect
import json
import math
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import MakeRelease, article
from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st

import eval.bench.base
import eval.bench.known
import index.__main__
from eval.__main__ import main
from eval.bench import results
from eval.bench.benchmark import Room, options_of, with_options
from eval.bench.bulk import fill
from eval.bench.client import connect, request
from eval.bench.corpus import Archive, CorpusConfig
from eval.bench.corpus.config import LAST_DAY
from eval.bench.embedding import SAVED
from eval.bench.embedding import drawn as drawn_texts
from eval.bench.http import to_flood, to_pace
from eval.bench.interleave import interleaved
from eval.bench.paced import paced
from eval.bench.pending import Pending
from eval.bench.programs import service
from eval.bench.schedule import at_rate
from eval.bench.servers import running
from eval.bench.startup import all_ready_after
from eval.bench.waiting import counted, waiting
from index.embed import embed_missing
from recsys.articles import Article
from recsys.errors import ConfigError, RecsysError
from recsys.manifest import Model
from recsys.store import ArticleStore
from recsys.text import find_boilerplate

POSITIVE = st.floats(0.01, 1e6)


# --- arithmetic ---


def oracle_quantile(values: list[float], share: float) -> float:
    """By its definition: on the line between the two values around the place `share` of the way."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=2, max_size=9))
def test_a_ratio_is_the_median_of_paired_ratios_between_their_quartiles(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    (figure,) = results.ratio("c", "w", ours, theirs).figures
    ratios = [one / other for one, other in pairs]
    found = (figure.low, figure.value, figure.high)
    assert found == pytest.approx([oracle_quantile(ratios, share) for share in (0.25, 0.5, 0.75)])


@given(st.lists(st.lists(POSITIVE, min_size=1, max_size=5), min_size=1, max_size=5))
def test_a_figure_is_the_median_over_repetitions_of_each_ones_statistic(repetitions: list[list[float]]) -> None:
    found = results.result("c", "w", "ms", repetitions, results.LATENCY)
    for figure, share in zip(found.figures, (0.5, 0.99, 1.0), strict=True):
        of_each = [oracle_quantile(one, share) for one in repetitions]
        assert figure.value == pytest.approx(oracle_quantile(of_each, 0.5))
        assert (figure.low is None) == (len(repetitions) == 1)
    assert found.samples == tuple(map(tuple, repetitions))


def test_what_was_not_measured_is_told_and_no_number_is_made_up() -> None:
    assert results.result("c", "w", "ms", [[], []]).figures == ()
    assert results.result("c", "w", "ms", [[], []]).note == "nothing was measured"
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        results.ratio("c", "w", [1.0, 2.0], [1.0])


def test_what_is_compared_takes_turns_and_the_warm_up_is_forgotten() -> None:
    called: list[tuple[str, int]] = []

    def thing(name: str) -> Callable[[int], int]:
        return lambda repetition: called.append((name, repetition)) or repetition  # type: ignore[func-returns-value]

    found = interleaved({"a": thing("a"), "b": thing("b")}, 2)
    assert found == {"a": [0, 1], "b": [0, 1]}
    assert called == [("b", -1), ("a", -1), ("a", 0), ("b", 0), ("b", 1), ("a", 1)]


@pytest.mark.parametrize(("repetitions", "connections"), [(1, 1), (3, 32), (5, 32), (7, 10)])
def test_no_repetition_of_a_flood_or_at_a_pace_asks_what_another_has_asked(repetitions: int, connections: int) -> None:
    asked = [b"%d" % number for number in range(40_000)]
    step, turns = 20_000 // connections, range(-1, repetitions)
    begun = [
        to_flood(asked, turn, repetitions, connections)[number * step :][: step // len(turns)]
        for turn in turns
        for number in range(connections)
    ]
    begun += [to_pace(asked, turn, repetitions)[: 20_000 // len(turns)] for turn in turns]
    assert all(begun)
    assert len({one for part in begun for one in part}) == sum(map(len, begun))


def test_a_schedule_does_not_wait_for_answers() -> None:
    fourth = asyncio.Event()

    async def send(number: int) -> str:
        if number == 3:
            fourth.set()
        await fourth.wait()  # the first would never be answered if the next waited for it
        if number == 2:
            raise ConnectionError("gone")
        return "wrong" if number == 1 else ""

    async def both() -> None:
        sent = await asyncio.wait_for(at_rate(100, 0.05, send), 10)
        assert len(sent.seconds) == 3
        assert sorted(sent.errors) == ["ConnectionError('gone')", "wrong"]
        assert max(sent.seconds) >= 0.03  # the first one's counts from when it was due, so its wait is in it

    asyncio.run(both())


def test_a_request_that_waits_for_a_connection_counts_from_when_it_was_due() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(6):
            with contextlib.suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.3 if number == 0 else 0)
            status = b"503 No" if number == 5 else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def asked() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            sent = await asyncio.wait_for(paced(port, [b"GET / HTTP/1.1\r\n\r\n"], 100, 0.06, connections=1), 10)
        assert sent.errors == ("answers 503",)
        assert len(sent.seconds) == 5
        assert sent.seconds[4] >= 0.2  # it was due 40 ms after the first, and could not be sent for 300

    asyncio.run(asked())


# --- the command ---


@dataclass(frozen=True, slots=True)
class Fine:
    """Answers its options."""

    name: ClassVar[str] = "fine"
    what: ClassVar[str] = "what is fine"
    size: int = 3
    share: float = 0.5
    many: tuple[int, ...] = (1, 2)
    deep: bool = True
    seed: int = 0

    def measure(self, room: Room) -> Iterator[results.Result]:
        assert room.work.is_dir()
        assert room.scratch.is_dir()
        yield results.result("a | case", "size", "B", [[float(self.size)], [self.size + 2.0]], note="mind this")


@dataclass(frozen=True, slots=True)
class Broken:
    """Finds one thing and then fails."""

    name: ClassVar[str] = "broken"
    what: ClassVar[str] = "what is broken"

    def measure(self, room: Room) -> Iterator[results.Result]:
        yield results.result("one", "thing", "s", [[1.0]])
        raise RuntimeError("out of luck")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command with two benchmarks of our own."""
    both = {"broken": Broken(), "fine": Fine()}
    monkeypatch.setattr(eval.bench.known, "known", lambda: both)
    runner = CliRunner()
    return lambda *given: runner.invoke(main, ["bench", "--work", str(tmp_path / "work"), *given])


def test_a_failing_benchmark_is_told_and_the_others_still_run(bench: Callable[..., Result], tmp_path: Path) -> None:
    done = bench("--json", str(tmp_path / "found.json"))
    assert done.exit_code == 1
    assert "broken FAILED: RuntimeError: out of luck" in done.stdout
    assert "| fine | a \\| case | size | 4 B (3.5 to 4.5) |" in done.stdout
    assert "fine, a | case, size: mind this" in done.stdout
    broken, fine = json.loads((tmp_path / "found.json").read_text())["benchmarks"]
    assert (broken["error"], fine["error"]) == ("RuntimeError: out of luck", "")
    assert [one["what"] for one in broken["results"]] == ["thing"]
    assert fine["results"][0]["samples"] == [[3.0], [5.0]]
    assert not list((tmp_path / "work").iterdir())  # what is scratch is gone


def test_a_run_names_the_machine_and_what_was_asked(bench: Callable[..., Result], tmp_path: Path) -> None:
    done = bench("fine", "--seed", "7", "--set", "fine.many=4", "--json", str(tmp_path / "found.json"))
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["libraries"]["numpy"] == np.__version__
    assert found["machine"]["cpu"] in done.stdout
    (fine,) = found["benchmarks"]
    assert fine["options"] == {"size": 3, "share": 0.5, "many": [4], "deep": True, "seed": 7}


def test_benchmarks_and_options_are_listed_as_they_are_given(bench: Callable[..., Result]) -> None:
    listed = bench("--list").stdout.splitlines()
    assert listed[:2] == ["broken: what is broken", "fine: what is fine"]
    settings = [line.strip() for line in listed[2:]]
    assert settings == ["fine.size=3", "fine.share=0.5", "fine.many=1,2", "fine.deep=yes", "fine.seed=0"]
    again = with_options({"fine": Fine()}, settings, seed=5)
    assert options_of(again["fine"]) == options_of(Fine())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fine", "write BENCHMARK.OPTION=VALUE"),
        ("none.size=3", "no benchmark 'none'; there are fine"),
        ("fine.none=3", "no option 'none'; fine has size, share"),
        ("fine.size=big", "give a whole number"),
        ("fine.share=big", "give a number"),
        ("fine.deep=maybe", "give yes or no"),
        ("fine.many=1,x", "give values such as 1,2"),
    ],
)
def test_an_option_that_cannot_be_set_is_refused_with_what_can(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        with_options({"fine": Fine()}, [text], 0)


def test_a_name_that_is_no_benchmark_is_refused(bench: Callable[..., Result]) -> None:
    done = bench("nothing")
    assert done.exit_code == 2
    assert "there are broken, fine" in done.output


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    done = CliRunner().invoke(main, ["bench", "--list"])
    assert done.exit_code == 1
    assert "pip install 'news-recsys[bench]'" in done.output
    assert "Traceback" not in done.output


# --- the invented archive ---

CONFIG = CorpusConfig(articles=5_000)


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive(CONFIG)


@pytest.fixture(scope="module")
def drawn(archive: Archive) -> tuple[list[Article], np.ndarray]:
    chunks = list(archive.chunks())
    return [article for chunk in chunks for article in chunk.articles], np.concatenate([c.vectors for c in chunks])


def test_a_seed_gives_the_same_archive_in_whatever_order_it_is_drawn(archive: Archive) -> None:
    again, other = Archive(CONFIG), Archive(CorpusConfig(articles=5_000, seed=1))
    late = again.chunk(4_000)
    assert late.articles == list(archive.chunks())[2].articles
    assert (late.vectors == archive.chunk(4_000).vectors).all()
    assert late.articles[0] != other.chunk(4_000).articles[0]
    assert next(again.later(10)).articles == next(archive.later(10)).articles


def test_the_archive_has_as_many_articles_as_were_asked_for(drawn: tuple[list[Article], np.ndarray]) -> None:
    articles, vectors = drawn
    assert len({article.id for article in articles}) == len(articles) == len(vectors) == 5_000
    assert len(next(Archive(CorpusConfig(articles=1)).chunks()).articles) == 1


def test_vectors_lie_like_those_of_a_sentence_model(drawn: tuple[list[Article], np.ndarray]) -> None:
    _, vectors = drawn
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    similar = vectors[:500] @ vectors.T
    random = similar[np.arange(500), np.random.default_rng(0).permutation(5_000)[:500]]
    assert 0.1 < random.mean() < 0.2
    similar[np.arange(500), np.arange(500)] = -1
    nearest = similar.max(axis=1)
    assert 0.6 < np.median(nearest) < 0.9
    assert np.quantile(nearest, 0.1) > random.mean() + 2 * random.std()


def test_words_follow_zipf_and_lengths_are_lognormal(drawn: tuple[list[Article], np.ndarray]) -> None:
    articles, _ = drawn
    lengths = np.log([len(article.body.split()) for article in articles])
    assert np.exp(np.median(lengths)) == pytest.approx(410, rel=0.1)  # a name is two words
    assert lengths.std() == pytest.approx(0.65, abs=0.06)
    counts = Counter(word for article in articles[:2_000] for word in article.body.lower().split())
    ranked = np.log([count for _, count in counts.most_common(1_000)])[9:]
    slope = np.polyfit(np.log(np.arange(10, 1_001)), ranked, 1)[0]
    assert -1.3 < slope < -0.7


def test_reports_come_in_bursts_by_few_authors_who_write_much(drawn: tuple[list[Article], np.ndarray]) -> None:
    articles, _ = drawn
    published = [article.published_at for article in articles if article.published_at is not None]
    assert published == sorted(published)
    assert 9.5 < (published[-1] - published[0]).days / 365.25 <= 10
    assert published[-1] < LAST_DAY
    written = Counter(article.byline for article in articles if article.byline)
    most = sorted(written.values(), reverse=True)
    assert sum(most[: len(most) // 10]) > 0.4 * sum(most)
    by_event = Counter(article.tags[2] for article in articles if len(article.tags) > 2)
    assert max(by_event.values()) > 20
    assert np.median(list(by_event.values())) <= 2


def test_some_articles_are_copies_but_never_so_many_that_they_count_as_boilerplate(
    drawn: tuple[list[Article], np.ndarray], archive: Archive
) -> None:
    articles, _ = drawn
    texts = Counter("\n".join(article.body.split("\n")[:1]) for article in articles)
    copies = sum(count - 1 for count in texts.values())
    assert 0.005 * len(articles) < copies < 0.05 * len(articles)
    assert max(texts.values()) <= 4
    found = find_boilerplate(lambda: articles, expected=len(articles))
    assert len(found.counts) == len(archive.recurring) == 1


def test_the_night_finds_all_vectors_of_the_archive_and_embeds_nothing(tmp_path: Path) -> None:
    embedder = FakeEmbedder(dim=32)
    small = Archive(CorpusConfig(articles=1_200, dim=32))
    url = f"sqlite:///{tmp_path / 'a.db'}"
    fill(url, small, Model(embedder.name, embedder.fingerprint, embedder.dim, embedder.max_chars))
    with closing(ArticleStore.open(url)) as store, store.snapshot() as snapshot:
        stored = list(snapshot.articles())
        boilerplate = find_boilerplate(snapshot.articles, expected=1_200)
        found = embed_missing(store, stored, embedder, boilerplate)
    assert [article.id for article in stored] == [article.id for chunk in small.chunks() for article in chunk.articles]
    assert (found.articles, found.embedded) == (1_200, 0)
    assert boilerplate.counts  # or it would not be known that its lines are left out


def test_few_that_wait_are_the_first_of_many_and_a_share_of_them_is_changed(archive: Archive) -> None:
    few, many = list(waiting(archive, 100, 0.2)), list(waiting(archive, 2_500, 0.2))
    assert counted(few).changed == 19  # the last one is always new
    assert counted(many).number == 2_500
    assert few[0].articles[:99] == many[0].articles[:99]
    assert not list(waiting(archive, 0, 0.2))


# --- each benchmark, with real servers ---


@pytest.fixture
def built_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is built in this process, which has loaded a model before."""

    def run_program(name: str, *arguments: str | Path) -> str:
        assert name == "index"
        done = CliRunner().invoke(index.__main__.main, [str(one) for one in arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    monkeypatch.setattr(eval.bench.base, "run_program", run_program)


@pytest.mark.usefixtures("built_here")
def test_every_benchmark_runs_and_finds_what_it_says(tmp_path: Path) -> None:
    tiny = [
        "freshness.articles=300", "freshness.workers=2", "freshness.seconds=1", "freshness.reads=20",
        "freshness.repetitions=1", "freshness.embed=no", "pending.articles=300", "pending.pending=6",
        "pending.seconds=0.3", "pending.repetitions=1", "pending.calls=10", "pending.writes=1",
        "request.articles=300", "request.calls=20", "request.repetitions=2", "http.articles=300",
        "embedding.texts=mixed", "embedding.size=6", "embedding.batches=2,4",
        "embedding.repetitions=1", "embedding.device=cpu", "http.routes=similar",
        "http.servers=uvicorn", "http.seconds=0.1", "http.repetitions=1", "http.before=20",
        "peers.articles=300", "peers.peers=numpy,table-10-sqlite", "peers.queries=10", "peers.judged=10",
        "peers.repetitions=2", "startup.articles=300", "startup.workers=2", "startup.reads=20", "startup.seconds=0.2",
        "startup.repetitions=1", "night.articles=300", "night.changed=4", "night.embed=no", "night.full=no",
    ]  # fmt: skip
    arguments = [word for text in tiny for word in ("--set", text)]
    file, work = tmp_path / "found.json", tmp_path / "work"
    names = ["request", "http", "startup", "pending", "freshness", "embedding", "night", "peers"]  # scaling has its own
    done = CliRunner().invoke(main, ["bench", *names, "--work", str(work), "--json", str(file), *arguments])
    assert done.exit_code == 0, done.output
    found = {one["name"]: one["results"] for one in json.loads(file.read_text())["benchmarks"]}
    named = {name: {(one["case"], one["what"]) for one in every} for name, every in found.items()}
    assert list(named) == names
    assert ("2 workers", "new: in its author's list and another's") in named["freshness"]
    assert ("2 workers", "taken down: gone from all lists") in named["freshness"]
    assert ("6 pending, over HTTP", "one more write, until its list is there") in named["pending"]
    assert ("300 articles", "related p50, to the bare table") in named["request"]
    assert ("300 articles", "similar(k=6), on a usual day") in named["request"]
    assert ("mixed, cpu", "our default: CPU a text") in named["embedding"]
    assert any(what.startswith("our default, to sentence-transformers, batch") for _, what in named["embedding"])
    assert any(what == "throughput, to FastAPI, constant bytes" for _, what in named["http"])
    assert ("300 articles, 2 workers", "all workers ready after") in named["startup"]
    assert ("300 articles, 4 changed: adds, vectors known", "night") in named["night"]
    assert ("300 articles, year, table-10-sqlite", "similar p50, to ours") in named["peers"]
    for name, every in found.items():
        for one in every:
            lacks = one["what"] == "new: compared by meaning"  # nobody embeds here
            assert bool(one["figures"]) != lacks, (name, one)
            assert "failed" not in one["note"], (name, one)
            assert "were not s" not in one["note"], (name, one)
    assert len(done.stdout.splitlines()) > sum(map(len, found.values()))
    in_process = Pending(articles=300, pending=(0, 6), calls=10, repetitions=1, http=False)
    compared = {(one.case, one.what) for one in in_process.measure(Room(work, tmp_path))}
    assert ("6 pending, in process", "similar(k=6) p50, to 0 pending") in compared
    assert len(list(work.glob("archive-300-*"))) == 1  # one archive, made once, serves all


def test_a_service_is_ready_when_every_worker_has_answered(make_release: MakeRelease, tmp_path: Path) -> None:
    releases = make_release([article(number) for number in range(5)]).path.parent
    with service(releases, None, 2, log=tmp_path / "log") as served:
        after = asyncio.run(all_ready_after(served))
        assert served.ready_after <= after <= time.monotonic() - served.began
        assert len(served.workers) == 2
        assert all(one.proportional > 1 for one in (*served.memory(), *served.memory_of_others()))
        assert len(served.memory_of_others()) >= 1
        os.kill(served.workers[0], signal.SIGSTOP)
        with pytest.raises(RecsysError, match="1 of 2 workers do not get ready"):
            asyncio.run(all_ready_after(served, time.monotonic() - served.began + 0.5))
        os.kill(served.workers[0], signal.SIGCONT)


def test_texts_to_embed_are_as_long_as_in_an_archive_or_mixed() -> None:
    articles, mixed = (list(drawn_texts(kind, 9, 0, 2_048)) for kind in ("articles", "mixed"))
    assert [text.count("\n") for text in mixed[:2]] == [0, 1]
    assert mixed[2::3] == articles[2::3]
    assert max(map(len, articles)) <= 2_048
    assert max(map(len, mixed[::3])) < 120
    with pytest.raises(ConfigError, match="articles or mixed"):
        list(drawn_texts("others", 1, 0, 9))


def test_the_benchmark_embeds_in_portions_as_large_as_the_night_s() -> None:
    assert inspect.signature(embed_missing).parameters["batch_size"].default == SAVED


@pytest.mark.parametrize("server", ["uvicorn", "granian", "hypercorn"])
def test_every_server_runs_an_application_and_its_work_is_counted(server: str, tmp_path: Path) -> None:
    pytest.importorskip(server, reason="it comes with the extra bench")
    environ = {"BENCH_BYTES": "40"}
    with running(server, "eval.bench.constant:bare", environ, "/v1/any", tmp_path / "log") as one:
        answer = httpx.get(f"http://127.0.0.1:{one.port}/v1/any")
        assert (answer.status_code, len(answer.content)) == (200, 40)
        assert one.cpu() > 0
        assert asyncio.run(many(one.port, 1_001)) == {200}


async def many(port: int, number: int) -> set[int]:
    """What so many requests on one connection are answered; a server that hangs up in between is an OSError."""
    connection = await connect(port)
    found = {(await connection.ask(request("GET", "/v1/any"))).status for _ in range(number)}
    connection.close()
    return found
