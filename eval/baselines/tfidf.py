"""The baseline TF-IDF, as anyone would set it up with scikit-learn."""

from functools import partial

import numpy as np

from eval.baselines.scoring import NO, Asked, Baseline, Floats, Scorer
from eval.baselines.texts import Texts
from recsys.release import Release


def tfidf(name: str, texts: Texts) -> Baseline:
    """Cosine of scikit-learn's `TfidfVectorizer(sublinear_tf=True)`, its other settings as they come; only above 0.

    That is: lower-cased words of two letters and more, single, all of them; (1 + ln tf) times smoothed idf; unit rows.
    The idf is over the whole release, also under `as_of`.
    """
    return Baseline(name, partial(_tfidf, texts))


def _tfidf(texts: Texts, release: Release) -> Scorer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True)
    read = texts(release)
    word = vectorizer.build_analyzer()
    if not any(word(text) for text in read):  # scikit-learn refuses to learn no words
        return lambda asked: np.full((len(asked.rows), len(release)), NO)
    words = vectorizer.fit_transform(read)

    def scored(asked: Asked) -> Floats:
        found = (words[asked.rows] @ words.T).toarray()
        return np.where(found > 0, found, NO)

    return scored
