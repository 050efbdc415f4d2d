"""Of every author's articles the nearest are candidates, whatever else is nearer."""

import numpy as np
import pytest
from conftest import MakeRelease, article
from hypothesis import given
from hypothesis import strategies as st

from index.mates import mates
from recsys import Recommender, Weights
from recsys.answers import Order, Source
from recsys.articles import AuthorName
from recsys.columns import ListColumn
from recsys.vectors import VectorIndex


@given(st.integers(1, 30), st.lists(st.sets(st.integers(0, 29), max_size=12), max_size=5), st.integers(1, 6))
def test_they_are_the_nearest_of_each_author(n: int, authors: list[set[int]], k: int) -> None:
    random = np.random.default_rng(n)
    vectors = random.normal(size=(n, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [sorted(row for row in author if row < n) for author in authors]
    cosine = vectors @ vectors.T
    expected = {
        (one, other)
        for author in rows
        for one in author
        for other in sorted((row for row in author if row != one), key=lambda row, one=one: -cosine[one, row])[:k]  # type: ignore[misc]
    }
    owners, near = mates(VectorIndex.build([vectors], 8), ListColumn.of(rows), k)
    assert list(zip(owners.tolist(), near.tolist(), strict=True)) == sorted(expected)


def test_most_related_first_knows_how_near_an_author_s_works_are(make_release: MakeRelease) -> None:
    ines = (AuthorName("Ines Vallory"),)
    bodies = ["bridge tower crack", "oyster harvest bay", "bridge tower crack repair", "school musical night"]
    articles = [article(n, title=f"Piece{n}", body=body, authors=ines) for n, body in enumerate(bodies)]
    crowd = [article(n, title=f"Piece{n}", body="bridge tower crack") for n in range(10, 40)]
    release = make_release([*articles, *crowd], neighbours=2, kin=0)
    text = Weights(kin_short=0, tempo=0)
    answers = {
        order: [item.id for item in Recommender(release, text).more_from_author("a000", 3, order=order).items]
        for order in Order
    }
    assert answers[Order.NEWEST] == ["a003", "a002", "a001"]
    assert answers[Order.RELATED][0] == "a002"
    items = Recommender(release).more_from_author("a000", 3, order=Order.RELATED, explain=True).items
    assert items[0].parts is not None
    assert items[0].parts["lexical"] > 0
    assert {item.source for item in items} == {Source.AUTHOR}


@pytest.mark.parametrize("by", ["Rory McAldane", "RORY MCALDANE", "id:7"])
def test_one_of_two_authors_can_be_asked_for_and_the_other_follows(make_release: MakeRelease, by: str) -> None:
    ines, rory, yuki = AuthorName("Ines Vallory"), AuthorName("Rory McAldane", "7"), AuthorName("Yuki Tanabe-Holt")
    signed = [(ines, rory), (rory,), (ines,), (yuki,), (rory, yuki), ()]
    release = make_release([article(n, authors=names, section="news") for n, names in enumerate(signed)])
    answer = Recommender(release).more_from_author("a000", 9, by=by, fallback="section")  # type: ignore[arg-type]
    assert [(item.id, item.source) for item in answer.items] == [
        ("a004", Source.AUTHOR), ("a001", Source.AUTHOR), ("a003", Source.CO_AUTHOR), ("a002", Source.CO_AUTHOR),
        ("a005", Source.SECTION),
    ]  # fmt: skip
    alone = Recommender(release).more_from_author("a000", 9, by=by, co_authors=False)
    assert [item.id for item in alone.items] == ["a004", "a001"]
    assert Recommender(release).more_from_author("a000", 9, by="Nobody", co_authors=False).items == ()
    assert Recommender(release).more_from_author("a005", 9).items == ()
