"""The baseline BM25, by the library bm25s."""

import logging
from functools import partial
from itertools import chain

import numpy as np

from eval.baselines.scoring import NO, Asked, Baseline, Floats, Scorer
from eval.baselines.texts import Texts
from recsys.errors import MissingExtra
from recsys.release import Release


def bm25(name: str, texts: Texts) -> Baseline:
    """BM25 with the article's whole text as the query, each word as often as it is there; only scores above 0.

    bm25s as it comes: Lucene's variant (Kamphuis et al., "Which BM25 do you mean?", ECIR 2020), k1 = 1.5, b = 0.75,
    English stop words, no stemming. The idf and the mean length are over the whole release, also under `as_of`.
    """
    return Baseline(name, partial(_bm25, texts))


def _bm25(texts: Texts, release: Release) -> Scorer:
    try:
        import bm25s
    except ImportError as error:
        raise MissingExtra("the baseline BM25 needs bm25s: pip install 'news-recsys[eval]'") from error
    from scipy.sparse import csc_matrix, csr_matrix

    logging.getLogger("bm25s").setLevel(logging.INFO)  # importing it turns its own debugging on
    tokens = bm25s.tokenize(texts(release), show_progress=False)
    if not any(tokens.ids):
        return lambda asked: np.full((len(asked.rows), len(release)), NO)
    index = bm25s.BM25()
    index.index(tokens, show_progress=False)
    parts, terms = index.scores, len(index.scores["indptr"]) - 1
    # bm25s keeps the finished score of every word in every article; summed by one product instead of query by query
    scores = csc_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=(len(release), terms))
    lengths = np.cumsum([0, *map(len, tokens.ids)])
    words = np.fromiter(chain.from_iterable(tokens.ids), np.int64, lengths[-1])
    queries = csr_matrix((np.ones(len(words)), words, lengths), shape=(len(release), terms))
    queries.sum_duplicates()
    by_word = scores.T.tocsr().astype(np.float64)

    def scored(asked: Asked) -> Floats:
        found = (queries[asked.rows] @ by_word).toarray()
        return np.where(found > 0, found, NO)

    return scored
