"""A release on disk is whole or refused: any bit, any length, any foreign file."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeRelease, article

from recsys import Recommender, Release
from recsys.articles import AuthorName
from recsys.errors import NoRelease, ReleaseDamaged, ReleaseError, ReleaseFormatError
from recsys.release import CURRENT

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def release(make_release: MakeRelease) -> Release:
    """A release in which every column holds something."""
    return make_release(
        [
            article(
                n,
                section=f"news/{'ab'[n % 2]}",
                tags=("harbour", f"t{n % 3}"),
                authors=(AuthorName(f"Ines Vallory{'x' * (n % 2)}"),),
            )
            for n in range(12)
        ]
    )


def copied(release: Release, tmp_path: Path) -> Path:
    """A copy of the folder that `release` is in, with its CURRENT."""
    return Path(shutil.copytree(release.path.parent, tmp_path / "copy"))


def test_a_flipped_bit_anywhere_is_refused(release: Release, tmp_path: Path) -> None:
    releases = copied(release, tmp_path)
    folder = releases / release.id
    files = [path for path in [*folder.iterdir(), releases / CURRENT] if path.stat().st_size]
    chance = random.Random(1)
    for path in files:
        whole = path.read_bytes()
        for _ in range(12):
            place, bit = chance.randrange(len(whole)), chance.randrange(8)
            broken = bytearray(whole)
            broken[place] ^= 1 << bit
            path.write_bytes(broken)
            with pytest.raises(ReleaseError):
                Release.open(releases)
        path.write_bytes(whole)
    assert Release.open(releases).id == release.id


def test_a_truncated_missing_or_foreign_file_is_refused_and_named(release: Release, tmp_path: Path) -> None:
    releases = copied(release, tmp_path)
    for path in sorted((releases / release.id).iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[:-2])  # the last byte of the manifest is a line end
        with pytest.raises(ReleaseDamaged, match=path.name.replace(".", r"\.")):
            Release.open(releases)
        path.unlink()
        with pytest.raises(ReleaseError):
            Release.open(releases)
        path.write_bytes(whole)
    (releases / release.id / "stray").write_text("x")
    with pytest.raises(ReleaseDamaged, match="stray"):
        Release.open(releases)


def test_another_format_is_refused_before_anything_else_is_read(release: Release, tmp_path: Path) -> None:
    releases = copied(release, tmp_path)
    manifest = releases / release.id / "manifest.json"
    manifest.write_text(json.dumps({"format": 99, "whatever": "comes then"}))
    with pytest.raises(ReleaseFormatError, match="format 99, this program reads 1"):
        Release.open(releases)


def test_no_release_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(NoRelease, match="nightly"):
        Release.open(tmp_path)
    with pytest.raises(NoRelease):
        Release.open(tmp_path / "nowhere")
    (tmp_path / CURRENT).write_text("../../etc\n")
    with pytest.raises(ReleaseDamaged, match="not a release id"):
        Release.open(tmp_path)
    (tmp_path / CURRENT).write_text("20260101T000000000Z-00000000\n")
    with pytest.raises(ReleaseDamaged, match="not there"):
        Release.open(tmp_path)


def test_even_an_unverified_release_is_refused_where_its_columns_do_not_fit(release: Release, tmp_path: Path) -> None:
    folder = copied(release, tmp_path) / release.id
    for path in sorted(folder.glob("*.npy")) + sorted(folder.glob("*.utf8")):
        whole = path.read_bytes()
        for cut in (b"", whole[:-1] if path.suffix == ".utf8" else whole[:100]):
            path.write_bytes(cut)
            with pytest.raises(ReleaseDamaged):
                Release.open(folder, verify=False)
        path.write_bytes(whole)
    assert Release.open(folder, verify=False).id == release.id


def test_a_release_under_another_name_is_refused(release: Release, tmp_path: Path) -> None:
    other = tmp_path / "20200101T000000000Z-00000000"
    shutil.copytree(release.path, other)
    with pytest.raises(ReleaseDamaged, match=release.id):
        Release.open(other)


def test_columns_are_mapped_and_cannot_be_written(release: Release) -> None:
    for column in (release.published, release.recent, release.neighbours(0).rows, release.authors.values):
        base = column if isinstance(column, np.memmap) else column.base
        assert isinstance(base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            column[:1] = 0


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_every_format_version_that_was_ever_published_still_answers(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    recommender = Recommender(Release.open(GOLDEN / name))
    assert recommender.release.manifest.format == expected["format"]
    assert [item.id for item in recommender.similar("a000", 3).items] == expected["similar"]
    assert [item.id for item in recommender.more_from_author("a000", 3).items] == expected["more_from_author"]
    assert recommender.release.vectors.search(recommender.release.vectors.vectors(np.array([2])), 1)[0].tolist() == [
        [2]
    ]
