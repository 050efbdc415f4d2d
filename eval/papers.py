"""The whole job on a real newspaper: ingest, build, serve, and how good the lists are, with the cost of each stage.

Every stage is the program that a newsroom would run, in a process of its own, so that its time and peak memory are its
own.
"""

import json
import os
import socket
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from subprocess import DEVNULL, PIPE, Popen
from typing import Any
from urllib.parse import quote

from eval.evaluate import Score, evaluate, systems
from eval.judgments import read_links
from recsys.errors import RecsysError
from recsys.ranking import Weights
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Paper:
    """A data set: its files, and which of its columns mean what (`--map`)."""

    name: str
    articles: Path
    links: Path
    mapping: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What one program cost: wall-clock seconds and peak resident memory in MiB."""

    name: str
    seconds: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class PaperResult:
    """Everything measured on one paper."""

    paper: str
    articles: int
    stages: tuple[Stage, ...]
    release_mib: float
    scores: tuple[Score, ...]


def known_papers(data: Path) -> list[Paper]:
    """The full-text sets with editors' links that are found under `data`."""
    papers = [
        Paper("abp", data / "abp/articles.jsonl.gz", data / "abp/links.tsv", "published_at=published"),
        Paper(
            "govblogs",
            data / "govblogs/articles.jsonl.gz",
            data / "govblogs/links.tsv",
            "published_at=date,standfirst=summary,tags=topics",
        ),
    ]
    return [paper for paper in papers if paper.articles.exists()]


def measure(paper: Paper, work: Path, weights: Weights, precision: str = "float32") -> PaperResult:
    """Run every stage in `work` (made if needed; vectors that are already in its store are used again).

    Raises:
        RecsysError: a stage failed; its output says why.
    """
    folder = work / paper.name
    folder.mkdir(parents=True, exist_ok=True)
    store, releases = f"sqlite:///{folder / 'articles.db'}", folder / "releases"
    rejects = folder / "rejects.jsonl"
    stages = [
        _run(
            "ingest", "index", "ingest", paper.articles, "--store", store, "--map", paper.mapping, "--rejects", rejects
        ),
        _run(
            "build, check, publish",
            "index",
            "nightly",
            "--store",
            store,
            "--releases",
            releases,
            "--precision",
            precision,
        ),
    ]
    release = Release.open(releases)
    judgments = read_links(paper.links)
    asked = [article for article in judgments.gains if article in release][:200]
    stages.append(_serve(releases, store, asked))
    scores = evaluate(release, judgments, systems(weights))
    size = sum(path.stat().st_size for path in release.path.iterdir()) / 2**20
    return PaperResult(paper.name, len(release), tuple(stages), size, tuple(scores))


def report(results: list[PaperResult]) -> str:
    """Two Markdown tables: what each stage cost, and how good the lists are."""
    lines = ["| paper | stage | wall s | articles/s | peak MiB |", "|---|---|---:|---:|---:|"]
    for result in results:
        for stage in result.stages:
            rate = f"{result.articles / stage.seconds:.0f}" if not stage.name.startswith("serve") else ""
            lines.append(f"| {result.paper} | {stage.name} | {stage.seconds:.1f} | {rate} | {stage.peak_mib:.0f} |")
        lines.append(
            f"| {result.paper} | release on disk: {result.release_mib:.0f} MiB, {result.articles} articles | | | |"
        )
    lines += ["", "| paper | system | articles asked | nDCG@10 | recall@10 | MRR |", "|---|---|---:|---:|---:|---:|"]
    for result in results:
        for s in result.scores:
            figures = f"{s.ndcg_at_10:.3f} | {s.recall_at_10:.3f} | {s.mrr:.3f}"
            lines.append(f"| {result.paper} | {s.system} | {s.queries} | {figures} |")
    return "\n".join(lines)


def _run(name: str, *arguments: str | Path) -> Stage:
    started = time.perf_counter()
    with Popen([sys.executable, "-m", *map(str, arguments)], stdout=PIPE, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        usage = _wait(process)
    if process.returncode != 0:
        raise RecsysError(f"{name} ended with status {process.returncode}: {' '.join(map(str, arguments))}\n{output}")
    return Stage(name, time.perf_counter() - started, usage.ru_maxrss / 1024)


def _serve(releases: Path, store: str, asked: list[str]) -> Stage:
    """Serve the release and ask both lists of every article in `asked` over HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service", "--releases", str(releases), "--store", store, "--port", str(port)]
    with Popen([*command, "--log-level", "warning"], stdout=DEVNULL) as process:
        try:
            _wait_ready(f"http://127.0.0.1:{port}/health/ready", process)
            started = time.perf_counter()
            for article in asked:
                body = _get(f"http://127.0.0.1:{port}/v1/articles/{quote(article, safe='')}/related")
                if not json.loads(body)["similar"]:
                    raise RecsysError(f"the service answered an empty list for {article!r}")
            seconds = time.perf_counter() - started
        finally:
            process.terminate()
            usage = _wait(process)
    return Stage(f"serve {len(asked)} requests", seconds, usage.ru_maxrss / 1024)


def _wait(process: "Popen[Any]") -> struct_rusage:
    """Wait for the end of a process; what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def _wait_ready(url: str, process: "Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RecsysError(f"the service ended with status {process.returncode} before it was ready")
        try:
            _get(url)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RecsysError("the service was not ready within a minute")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body
