"""A release on disk is whole or refused: any bit, any length, any foreign file."""

import json
import random
import shutil
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeRelease, article
from hypothesis import given
from hypothesis import strategies as st

from recsys import Recommender, Release
from recsys.articles import AuthorName
from recsys.errors import NoRelease, ReleaseDamaged, ReleaseError, ReleaseFormatError
from recsys.manifest import FORMAT
from recsys.release import CURRENT, Neighbours

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
    with pytest.raises(ReleaseFormatError, match=f"format 99, this program reads {FORMAT}; build the release again"):
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
    near = release.neighbours(0)
    for column in (release.published, release.recent, near.rows, near.kin, release.authors.values):
        root = column
        while isinstance(root, np.ndarray):
            root = root.base
        assert isinstance(root, mmap)
        with pytest.raises(ValueError, match="read-only"):
            column[:1] = 0


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_every_format_that_was_ever_published_still_answers_or_asks_for_a_new_build(name: str) -> None:
    if name != f"format-{FORMAT}":
        with pytest.raises(ReleaseFormatError, match=rf"this program reads {FORMAT}; build the release again"):
            Release.open(GOLDEN / name)
        return
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    recommender = Recommender(Release.open(GOLDEN / name))
    assert recommender.release.manifest.format == expected["format"]
    assert [item.id for item in recommender.similar("a000", 3).items] == expected["similar"]
    assert [item.id for item in recommender.more_from_author("a000", 3).items] == expected["more_from_author"]
    near = recommender.release.neighbours(0)
    assert {name: len(getattr(near, name)) for name in expected["neighbours"]} == expected["neighbours"]
    assert recommender.release.vectors.search(recommender.release.vectors.vectors(np.array([2])), 1)[0].tolist() == [
        [2]
    ]


def test_the_format_that_is_written_has_its_golden_release() -> None:
    assert (GOLDEN / f"format-{FORMAT}").is_dir()


rows = st.lists(st.integers(0, 9), unique=True, max_size=8)


@given(rows, st.lists(st.integers(0, 9), max_size=8))
def test_looking_rows_up_gives_what_was_measured_of_them_in_the_order_asked(
    known: list[int], wanted: list[int]
) -> None:
    values = np.arange(len(known), dtype=np.float32)
    near = Neighbours(np.array(known, np.int32), values / 16, values / 32, values / 64, values / 128)
    found = near.lookup(np.array(wanted, np.int64))
    assert found.rows.tolist() == wanted
    for place, row in enumerate(wanted):
        measured = [float(column[place]) for column in (found.cosine, found.words, found.names, found.kin)]
        if row in known:
            assert measured == [known.index(row) / size for size in (16, 32, 64, 128)]
        else:
            assert np.isnan(measured).all()


def test_of_picks_places_or_a_mask_and_unknown_has_measured_nothing() -> None:
    values = np.array([0.1, 0.2, 0.3], np.float32)
    near = Neighbours(np.array([7, 3, 5], np.int32), values, values * 2, values * 3, values * 4)
    for places in (np.array([0, 2]), np.array([True, False, True])):
        picked = near.of(places)
        assert picked.rows.tolist() == [7, 5]
        assert picked.kin.tolist() == near.kin[[0, 2]].tolist()
        assert picked.cosine.tolist() == near.cosine[[0, 2]].tolist()
    nothing = Neighbours.unknown(np.array([4, 9]))
    assert nothing.rows.tolist() == [4, 9]
    assert all(np.isnan(v).all() and len(v) == 2 for v in (nothing.cosine, nothing.words, nothing.names, nothing.kin))


def test_articles_of_one_host_share_a_site_and_an_address_that_is_none_has_no_site(make_release: MakeRelease) -> None:
    addresses = [
        "https://paper.example/a", "http://www.Paper.example/b?utm_source=x", "https://sport.paper.example/c",
        "", "mailto:desk@paper.example", "https://paper.example:8443/d", "https://sport.paper.example/e",
    ]  # fmt: skip
    site = make_release([article(n, url=url) for n, url in enumerate(addresses)]).site
    assert site[0] == site[1] >= 0
    assert site[2] == site[6] >= 0
    assert len({int(site[row]) for row in (0, 2, 5)}) == 3
    assert site[3] == site[4] == -1
