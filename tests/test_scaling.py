"""SCALING.md names only what there is, and its sums are right."""

import re
import shlex

import pytest
from click.testing import CliRunner
from test_readme import PROGRAMS, ROOT, named

SCALING = (ROOT / "SCALING.md").read_text(encoding="utf-8")
BLOCKS = [line[2:] for line in SCALING.splitlines() if line.startswith("$ ")]
COMMANDS = [*BLOCKS, *re.findall(r"`(python -m [^`]+)`", SCALING)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_with_its_options(command: str) -> None:
    words = shlex.split(command)
    program = PROGRAMS[words[2]]
    said = CliRunner().invoke(program, [*named(program, words[3:]), "--help"])
    assert said.exit_code == 0, said.output
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", said.output), f"{option} is not an option of {words[2]}"


def test_what_it_refers_to_is_there() -> None:
    decisions = (ROOT / "DECISIONS.md").read_text(encoding="utf-8")
    entries = [number for found in re.findall(r"DECISIONS (\d+(?:, \d+)*)", SCALING) for number in found.split(", ")]
    assert len(entries) > 5
    assert all(f"\n## {number}. " in decisions for number in entries)
    for path in re.findall(r"`((?:recsys|index|service|eval)/[\w/]+\.py)`", SCALING):
        assert (ROOT / path).exists(), path


def test_the_bytes_of_an_article_add_up_and_the_disks_are_their_multiples() -> None:
    table = SCALING.split("| files | bytes an article")[1].split("\n\n")[0]
    *parts, whole = (int(number.replace(",", "")) for number in re.findall(r"\*?\*?([\d,]+)\*?\*? \|", table))
    assert sum(parts) == whole
    sizes = re.search(r"\| release \| (.*) GB \| (.*) TB \| (.*) TB \|", SCALING)
    assert sizes is not None
    shown = [float(number) * unit for number, unit in zip(sizes.groups(), (1e9, 1e12, 1e12), strict=True)]
    assert shown == [pytest.approx(whole * n, rel=0.01) for n in (1e7, 1e8, 1e9)]
