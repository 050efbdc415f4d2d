"""The design's one rule, and what may be loaded when."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["recsys", "index", "service", "eval"]


@pytest.mark.parametrize("name", PACKAGES)
def test_the_four_names_resolve_inside_this_repository(name: str) -> None:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


def test_only_the_modules_that_own_them_import_faiss_and_sentence_transformers() -> None:
    for path in [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        if path.name not in {"vectors.py", "approximate.py", "faiss_by_hand.py"}:  # the last one measures it without us
            assert "import faiss" not in text, path
        if path.name != "embedding.py":
            assert not re.search(r"(?:import|from) sentence_transformers", text), path


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("service.app", "torch sentence_transformers faiss sklearn pyarrow index eval"),
        ("recsys", "torch sentence_transformers faiss sklearn pyarrow scipy"),
        ("index.__main__", "torch sentence_transformers pyarrow fastapi service eval"),
        ("eval.__main__", "torch sentence_transformers pyarrow fastapi service index matplotlib jinja2 pandas bm25s"),
    ],
)
def test_a_program_loads_no_more_than_it_needs(imported: str, unwanted: str) -> None:
    code = f"import sys, {imported}; print(*sorted(set(sys.modules) & set({unwanted.split()!r})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.split() == []


def test_no_file_is_named_after_nothing() -> None:
    names = {path.stem for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_the_tests_lie_flat() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
