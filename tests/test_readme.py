"""The README is run: its Python, its commands and its answers, on the demo that `make demo` builds."""

import contextlib
import io
import json
import re
import shlex
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import SAMPLE
from fastapi.testclient import TestClient

import eval.__main__
import index.__main__
import recsys.__main__
import service.__main__
from recsys.keys import Scope
from recsys.store import ArticleStore
from service.app import create_app
from service.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line[2:] for kind, text in BLOCKS if kind == "console" for line in text.splitlines() if line.startswith("$ ")
]
PROGRAMS = {
    "index": index.__main__.main,
    "service": service.__main__.main,
    "eval": eval.__main__.main,
    "recsys": recsys.__main__.main,
}


def after(kind: str, nth: int = 0) -> str:
    """The nth block of this kind."""
    return [text for found, text in BLOCKS if found == kind][nth]


@pytest.fixture
def at_demo(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In a folder laid out like the repository after `make demo`."""
    monkeypatch.chdir(demo)
    return demo


def without_scores(answer: Any) -> tuple[Any, list[float]]:
    """An answer without what differs from build to build, and its scores."""
    answer = answer | {"release": ""}
    items = [item for key in ("similar", "author", "coverage") for item in answer[key]]
    scores = [item["score"] for item in items]
    return {key: [i | {"score": 0} for i in v] if isinstance(v, list) else v for key, v in answer.items()}, scores


def test_the_first_answer_is_what_the_demo_answers(at_demo: Path) -> None:
    path = re.search(r"localhost:8000(\S+)'", README)
    assert path
    with TestClient(create_app(Settings.read({}, {"releases": "var/demo/releases"}))) as client:
        real, scores = without_scores(client.get(path[1]).json())
    shown, rounded = without_scores(json.loads(after("json")))
    assert shown == real
    assert rounded == pytest.approx(scores, abs=2e-3)


def test_the_python_example_prints_what_it_says(at_demo: Path) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(after("python"), "README.md", "exec"), {})
    number = re.compile(r"[+-]?\d\.\d\d")
    shown, real = after("text"), output.getvalue()
    assert number.sub("#", shown) == number.sub("#", real)
    assert [float(n) for n in number.findall(shown)] == pytest.approx(
        [float(n) for n in number.findall(real)], abs=0.011
    )


def sent(client: TestClient, command: str) -> Any:
    """What the service answers to a `curl`."""
    words = iter(shlex.split(command)[1:])
    given = {word: next(words) if word.startswith("-") else word for word in words}
    path = next(value for word, value in given.items() if not word.startswith("-"))
    return client.request(
        given.get("-X", "POST" if "-d" in given else "GET"),
        path.removeprefix("localhost:8000"),
        headers=dict([given["-H"].split(": ", 1)]),
        content=given.get("-d"),
    )


def test_what_editors_are_told_to_send_does_what_it_says(at_demo: Path, tmp_path: Path) -> None:
    """Each `curl` of the section, with a key; on a copy, as it writes into the store."""
    shutil.copytree(at_demo / "var", tmp_path / "var")
    url = f"sqlite:///{tmp_path}/var/demo/articles.db"
    with closing(ArticleStore.open(url)) as store:
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
    answers = []
    with TestClient(create_app(Settings(tmp_path / "var/demo/releases", store=url))) as client:
        for command in (line for line in COMMANDS if line.startswith("curl") and "$KEY" in line):
            response = sent(client, command.replace("$KEY", secret))
            assert response.is_success, response.text
            answers.append(response.json())
    added, listed, ended, told = answers
    assert added | {"starts_at": ""} == json.loads(after("json", 1)) | {"starts_at": ""}
    assert listed == {"rules": [added]}
    assert ended["id"] == added["id"]
    assert [entry["what"] for entry in told["entries"]] == ["rule ended", "rule added", "key made"]


def test_what_a_cms_is_told_to_send_does_what_it_says(at_demo: Path, tmp_path: Path) -> None:
    shutil.copytree(at_demo / "var", tmp_path / "var")
    url = f"sqlite:///{tmp_path}/var/demo/articles.db"
    with closing(ArticleStore.open(url)) as store:
        _, secret = store.keys.make("The CMS", [Scope.ARTICLES], who="admin")
    with TestClient(create_app(Settings(tmp_path / "var/demo/releases", store=url))) as client:
        commands = [line for line in COMMANDS if line.startswith("curl") and "$CMS_KEY" in line]
        responses = [sent(client, command.replace("$CMS_KEY", secret)) for command in commands]
    assert [response.status_code for response in responses] == [201, *[200] * 7]
    put, patched, stored, batch, taken, standing, lifted, drafted = (response.json() for response in responses)
    assert put | {"digest": ""} == json.loads(after("json", 2)) | {"digest": ""}
    assert (patched["outcome"], stored["article"]["section"]) == ("changed", "news/local")
    assert [one["status"] for one in batch["articles"]] == [201]
    assert standing == {"takedowns": [taken]}
    assert lifted == taken
    shown = json.loads(after("json", 3))
    shown["items"][0]["score"] = pytest.approx(drafted["items"][0]["score"], abs=0.1)  # it was written at another time
    assert drafted | {"release": ""} == shown | {"release": ""}


@pytest.mark.parametrize(
    ("programs", "nth"),
    [(["evaluate .*"], 2), (["run .*trec", "score .*trec.*"], 3), (["run .*jsonl", "score .*jsonl.*"], 4)],
)
def test_the_evaluation_prints_what_it_says(at_demo: Path, programs: list[str], nth: int) -> None:
    for name in programs:
        command = next(line for line in COMMANDS if re.search(f" eval {name}$", line))
        result = CliRunner().invoke(eval.__main__.main, shlex.split(command)[3:])
    number = re.compile(r"\d\.\d{3,4}")
    shown, real = after("text", nth).strip(), result.stdout.strip()
    assert number.sub("#", shown) == number.sub("#", real)
    assert [float(n) for n in number.findall(shown)] == pytest.approx(
        [float(n) for n in number.findall(real)], abs=0.02
    )


def test_an_editor_is_told_why_as_the_readme_says(at_demo: Path) -> None:
    command = next(line for line in COMMANDS if " recsys explain " in line)
    result = CliRunner().invoke(recsys.__main__.main, shlex.split(command)[3:])
    assert result.exit_code == 0, result.output
    number, release = re.compile(r"[+-]?\d+\.\d+"), re.compile(r"release \S+")
    shown, real = (release.sub("release", text) for text in (after("text", 1), result.output))
    assert number.sub("#", shown) == number.sub("#", real)
    assert [float(n) for n in number.findall(shown)] == pytest.approx(
        [float(n) for n in number.findall(real)], abs=0.011
    )


def test_the_nightly_command_runs_as_written(at_demo: Path) -> None:
    (at_demo / "export.jsonl").write_bytes(SAMPLE.read_bytes())
    shutil.copyfile("var/demo/articles.db", "articles.db")  # so that there is nothing to embed
    command = next(line for line in COMMANDS if " index nightly" in line)
    result = CliRunner().invoke(index.__main__.main, shlex.split(command)[3:])
    assert result.exit_code == 0, result.output
    assert "read               169" in result.output
    assert "169 articles" in result.output.splitlines()[-1]


def test_the_editors_commands_run_as_written(at_demo: Path, tmp_path: Path) -> None:
    with ArticleStore.open("sqlite:///var/demo/articles.db").snapshot() as snapshot:  # other tests share the demo
        own = ArticleStore.open(f"sqlite:///{tmp_path / 'own.db'}", create=True)
        own.put(list(snapshot.articles()))
        own.close()
    store = ["--store", f"sqlite:///{tmp_path / 'own.db'}"]
    for command in (line for line in COMMANDS if re.search(r" index (takedowns|rules|keys) ", line)):
        result = CliRunner().invoke(index.__main__.main, [*shlex.split(command)[3:], *store])
        assert result.exit_code == 0, command + result.output
    log = CliRunner().invoke(index.__main__.main, ["rules", "log", *store]).output
    told = [line.split(": ")[1].split("  ")[0] for line in log.splitlines()]
    assert told[0].startswith("takedown lifted")
    assert told[1].startswith("article taken down")
    assert told[2:5] == [
        "key revoked 1",
        "key made 1",
        "rule ended 2",
    ]


def named(program: Any, words: list[str]) -> list[str]:
    """The words that name a command: none of a program that is one, two of a command in a group."""
    commands = getattr(program, "commands", {})
    return [words[0], *named(commands[words[0]], words[1:])] if commands else []


def every_command(group: Any) -> list[str]:
    """Each command by its words, those in groups too."""
    commands = getattr(group, "commands", {}).items()
    return [name for word, inner in commands for name in [word, *(f"{word} {last}" for last in every_command(inner))]]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_exists(command: str) -> None:
    words = shlex.split(command)
    if words[0] == "curl":
        return
    assert words[:2] == ["python", "-m"]
    help_text = CliRunner().invoke(PROGRAMS[words[2]], [*named(PROGRAMS[words[2]], words[3:]), "--help"]).output
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", help_text), f"{option} is not an option of {words[2]}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_has_help_with_the_status_zero(program: str) -> None:
    runner, main = CliRunner(), PROGRAMS[program]
    names = every_command(main)
    for name in ["", *names]:
        result = runner.invoke(main, [*name.split(), "--help"])
        assert result.exit_code == 0
        assert "Usage:" in result.output
    assert all(f"{name}" in README for name in names), "every command is told of in the README"


def test_make_targets_and_files_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for path in re.findall(r"`((?:recsys|index|service|eval)/\w*(?:\.py)?)`", README):
        assert (ROOT / path).exists(), path


def test_the_changelog_and_the_package_agree() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
