"""Terms of one text, held against the vectors of a night that has the newcomer too."""

from pathlib import Path

import numpy as np
import pytest
from test_stories import prose

from recsys.lexical import WordVectors
from recsys.likeness import ASIDE, Likeness
from recsys.postings import Bag, Postings
from recsys.terms import term_reader


def test_a_newcomer_sees_the_words_that_it_shares_with_a_single_text(tmp_path: Path) -> None:
    """200 texts; the new one has a part of the third, with a name that no other holds, and words of its own."""
    old = [prose(n, 60) for n in range(200)]
    old[3] += "\nUnheard Marrowick zebra unheard"
    new = f"{prose(3, 30)}\nMarrowick zebra unheard\n{prose(900, 20)}\nquite other things"
    read = term_reader()
    WordVectors.of(old, read).postings().save(tmp_path, "terms")
    postings = Postings.open(tmp_path, "terms", 200)
    found = Likeness.of(postings, postings.weighed(Bag.of(read(new))), ASIDE).at(np.arange(200))
    night = WordVectors.of([*old, new], read)
    everyone = np.arange(200)
    expected = night.similarity(np.full(200, 200), everyone)
    assert found == pytest.approx(expected, abs=0.02)
    assert found[3] > 0.3


def test_terms_of_one_text_are_of_length_one_with_no_other(tmp_path: Path) -> None:
    read = term_reader()
    WordVectors.of(["alpha beta", "gamma delta"], read).postings().save(tmp_path, "terms")
    postings = Postings.open(tmp_path, "terms", 2)
    terms = postings.weighed(Bag.of(read("gamma epsilon")))
    first, second = Likeness.of(postings, terms, ASIDE).at(np.arange(2))
    assert first == 0 < second
    assert terms.fresh.sum() == 2  # "epsilon", and the pair
    assert np.linalg.norm(terms.weights[~terms.fresh]) == pytest.approx(1.0)


def test_an_archive_without_texts_knows_no_terms(tmp_path: Path) -> None:
    WordVectors.of([], term_reader()).postings().save(tmp_path, "terms")
    postings = Postings.open(tmp_path, "terms", 0)
    found = Likeness.of(postings, postings.weighed(Bag.of(["alpha"])), ASIDE)
    assert len(found.nearest(3)[0]) == len(found.at(np.arange(0))) == 0
