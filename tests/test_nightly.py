"""The night from its command line: what it prints, how it ends, and what is served afterwards."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import article
from fakes import FakeEmbedder
from postgres import Server

from index.__main__ import main
from index.build import BuildConfig
from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.errors import ConfigError, ReleaseFormatError
from recsys.manifest import FORMAT
from recsys.release import current_id
from recsys.store import ArticleStore

GOLDEN = Path(__file__).parent / "golden"


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
    files = len(list((newsroom / "releases" / first).iterdir())) - 1  # the manifest has no checksum of its own
    assert run(newsroom, "verify").output == f"{first} is whole: 169 articles, {files} files\n"
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


def test_an_unknown_language_is_told_before_anything_is_read_or_made(tmp_path: Path) -> None:
    arguments = ["nightly", str(tmp_path / "missing.jsonl"), "--language", "klingon"]
    places = ["--store", f"sqlite:///{tmp_path / 'articles.db'}", "--releases", str(tmp_path / "releases")]
    result = CliRunner().invoke(main, [*arguments, *places])
    assert result.exit_code == 1
    assert "language 'klingon' is not known: give one of arabic, " in result.output
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="'klingon'"):
        BuildConfig(language="klingon")


def test_the_language_belongs_to_the_release_and_another_one_builds_it_again(newsroom: Path) -> None:
    releases = newsroom / "releases"
    english = Release.open(releases)
    assert english.manifest.config["language"] == "english"
    result = run(newsroom, "nightly", "--language", "german")
    assert result.exit_code == 0, result.output
    german = Release.open(releases)
    assert german.id > english.id
    assert german.manifest.config == english.manifest.config | {"language": "german"}
    assert not np.array_equal(german.neighbours(0).words, english.neighbours(0).words)
    assert run(newsroom, "nightly", "--language", "german").output.startswith(f"current release: {german.id}")


@pytest.mark.parametrize(
    "config",
    [BuildConfig(neighbours=7), BuildConfig(kin=7), BuildConfig(title_weight=1), BuildConfig(language="dutch")],
    ids=lambda config: str(config),
)
def test_a_night_with_another_configuration_builds_and_with_the_same_does_not(
    tmp_path: Path, config: BuildConfig
) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    store.put([article(n) for n in range(12)])
    nights = [
        nightly(store, tmp_path / "releases", FakeEmbedder(), NightlyConfig(build=build, force=True)).id
        for build in (BuildConfig(), BuildConfig(), config, config)
    ]
    store.close()
    assert nights[0] == nights[1] < nights[2] == nights[3]


def test_a_release_of_an_old_format_is_followed_by_a_new_build_and_never_gone_back_to(tmp_path: Path) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    store.put([article(n) for n in range(12)])
    releases = tmp_path / "releases"
    first = nightly(store, releases, FakeEmbedder(), NightlyConfig(force=True))
    shutil.rmtree(releases / first.id)
    shutil.copytree(GOLDEN / "format-1", releases / first.id)
    with pytest.raises(ReleaseFormatError, match="format 1, this program reads"):
        Release.open(releases)
    second = nightly(store, releases, FakeEmbedder(), NightlyConfig(force=True))
    store.close()
    assert second.id > first.id
    assert second.format == FORMAT
    assert Release.open(releases).id == second.id
    listed = CliRunner().invoke(main, ["releases", "--releases", str(releases)])
    assert "format 1, this program reads" in listed.output
    back = CliRunner().invoke(main, ["rollback", "--releases", str(releases)])
    assert back.exit_code == 1
    assert "no whole release before" in back.output


# --- over either database ---


def test_a_night_over_postgresql_is_that_over_sqlite_and_so_is_the_next(tmp_path: Path, postgres: Server) -> None:
    ids = [f"{'aB_é'[n % 4]}{n}" for n in range(12)]  # which languages order otherwise than Python
    papers = [article(n, id=key, title=f"Störung {n}", byline=f"By Änne {'AB'[n % 2]}") for n, key in enumerate(ids)]
    links = [[f"https://paper.example/story/{(n + 1) % 12}"] for n in range(12)]
    with postgres.database() as url:
        builds = []
        for place, name in ((f"sqlite:///{tmp_path / 'a.db'}", "sqlite"), (url, "postgresql")):
            with closing(ArticleStore.open(place, create=True)) as store:
                store.put(papers, links)
                first = nightly(store, tmp_path / name, FakeEmbedder(), NightlyConfig(force=True))
                store.takedowns.take_down(ids[3], "A. Editor", "court order")
                with store.full_export() as export:
                    export.add(ids[:11])
                    assert export.retire_absent() == 1
                second = nightly(store, tmp_path / name, FakeEmbedder(), NightlyConfig(force=True))
            builds.append([(one.change, one.articles, one.files) for one in (first, second)])
    assert builds[0] == builds[1]
    assert [(change, number) for change, number, _ in builds[0]] == [(12, 12), (14, 10)]
