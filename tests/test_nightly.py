"""The night from its command line: what it prints, how it ends, and what is served afterwards."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from index.__main__ import main
from recsys import Release
from recsys.release import current_id
from recsys.store import ArticleStore


@pytest.fixture
def newsroom(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's store and releases, so that a night has only its own changes to embed."""
    shutil.copytree(demo / "var/demo", tmp_path / "newsroom")
    return tmp_path / "newsroom"


def run(newsroom: Path, command: str, *arguments: str) -> Result:
    stored = ["--store", f"sqlite:///{newsroom / 'articles.db'}"] if command in ("nightly", "ingest") else []
    return CliRunner().invoke(main, [command, *arguments, *stored, "--releases", str(newsroom / "releases")])


def export(newsroom: Path, *records: object) -> str:
    path = newsroom / "export.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return str(path)


def test_a_night_takes_in_new_articles_and_takes_out_withdrawn_ones(newsroom: Path) -> None:
    before = current_id(newsroom / "releases")
    new = {"id": "fresh", "title": "Aske Bridge painted green", "body": "The bridge is green.", "section": "news/local"}
    old = {"id": "mc-bridge-03", "title": "gone", "status": "canceled"}
    result = run(newsroom, "nightly", export(newsroom, new, old), "--rejects", str(newsroom / "rejects.jsonl"))
    assert result.exit_code == 0, result.output
    release = Release.open(newsroom / "releases")
    assert release.id > before
    assert release.card(release.row("fresh")).title == "Aske Bridge painted green"
    with pytest.raises(LookupError):
        release.row("mc-bridge-03")


def test_a_broken_export_ends_with_one_and_leaves_the_release_alone(newsroom: Path) -> None:
    before = current_id(newsroom / "releases")
    rejects = newsroom / "rejects.jsonl"
    result = run(newsroom, "nightly", export(newsroom, {"id": "x"}, {"title": "y"}, ["z"]), "--rejects", str(rejects))
    assert result.exit_code == 1
    assert "3 of 3 records were rejected" in result.output
    assert "nothing was built; the last release stays" in result.output
    assert len(rejects.read_text().splitlines()) == 3
    assert current_id(newsroom / "releases") == before


def test_a_refused_build_ends_with_one_and_says_check_value_and_limit(newsroom: Path) -> None:
    before = current_id(newsroom / "releases")
    store = ArticleStore.open(f"sqlite:///{newsroom / 'articles.db'}")
    with store.full_export() as all_there_is:
        all_there_is.add(["mc-bridge-01"])
        all_there_is.retire_absent()
    store.close()
    result = run(newsroom, "nightly")
    assert result.exit_code == 1
    assert "articles against the last release is 1, must be from 135 to 845" in result.output
    assert current_id(newsroom / "releases") == before
    forced = run(newsroom, "nightly", "--force")
    assert forced.exit_code == 0
    assert Release.open(newsroom / "releases").manifest.forced[0] == "articles against the last release"


def test_releases_are_listed_rolled_back_and_verified(newsroom: Path) -> None:
    first = current_id(newsroom / "releases")
    assert run(newsroom, "nightly").output.strip() == f"current release: {first}, 169 articles"
    run(newsroom, "nightly", "--rebuild")
    second = current_id(newsroom / "releases")
    assert second > first
    listed = run(newsroom, "releases").output.splitlines()
    assert [line[:2] + line.split()[-1] for line in listed] == ["* all-MiniLM-L6-v2", "  all-MiniLM-L6-v2"]
    assert run(newsroom, "rollback").output == f"current release: {first}\n"
    assert run(newsroom, "verify").output == f"{first} is whole: 169 articles, 33 files\n"
    (newsroom / "releases" / second / "recent.npy").write_bytes(b"x")
    damaged = run(newsroom, "verify", second)
    assert damaged.exit_code == 1
    assert "recent.npy" in damaged.output
    assert run(newsroom, "rollback", second).exit_code == 1
    assert current_id(newsroom / "releases") == first


def test_a_missing_model_and_an_unwritable_folder_are_named(newsroom: Path) -> None:
    result = run(newsroom, "nightly", "--model", str(newsroom / "no-such-model"))
    assert result.exit_code == 1
    assert "no-such-model" in result.output
    (newsroom / "file").write_text("")
    result = CliRunner().invoke(main, ["nightly", "--store", f"sqlite:///{newsroom}/file/articles.db"])
    assert result.exit_code == 1
    assert "file" in result.output
