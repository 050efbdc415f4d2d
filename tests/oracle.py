"""The score as the documentation states it, one pair at a time, from the articles alone: slow, plain and obvious."""

import math
import re
from collections import Counter
from itertools import pairwise
from urllib.parse import urlsplit

import Stemmer
from fakes import FakeEmbedder
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from index.mates import MATES
from recsys import Weights
from recsys.articles import Article
from recsys.kinship import FIRST_LOOK, SHARPNESS
from recsys.nearest import NEAREST
from recsys.tempo import PRIOR, RARE, SPREAD
from recsys.text import NO_BOILERPLATE, embedding_text, lexical_text

Vector = dict[str, float]
STEP, FIRST, POINTS = 0.1, -5.0, 96  # the tempo's scale: powers of ten, from 1e-5 days


def terms(text: str) -> list[str]:
    """Stems of all words but stop words, and each two that stand side by side."""
    words = re.findall(r"(?u)\b\w[\w'-]*\w\b", text.lower().replace("’", "'"))
    stems = [Stemmer.Stemmer("english").stemWord(word) for word in words if word not in ENGLISH_STOP_WORDS]
    return stems + [f"{a} {b}" for a, b in pairwise(stems)]


def names(text: str) -> list[str]:
    """Runs of capitalised words of one line; alone, only in capitals or inside of a sentence. For plain ASCII text
    in which "The" is the only common word."""
    found = []
    for line in text.split("\n"):
        run: list[str] = []
        begins = fresh = True
        for word in [*line.split(), ""]:
            if word[:1].isupper():
                if not run:
                    begins = fresh
                run.append(word.rstrip(".,"))
            if run and (not word[:1].isupper() or word[-1] in ".,"):
                if begins and len(run) > 1 and run[0] == "The":
                    run = run[1:]
                    begins = False
                if len(run) > 1 or not begins or run[0][:2].isupper():
                    found.append(re.sub("'s$", "", " ".join(run)).casefold())
                run = []
            fresh = word.endswith(".")
    return found


def tf_idf(counted: list[Counter[str]]) -> list[Vector]:
    """sqrt(count) · (ln((1 + n) / (1 + df)) + 1) ** 1.5, length 1, without what one or too many articles have."""
    n, frequency = len(counted), Counter(term for counts in counted for term in counts)
    vectors = []
    for counts in counted:
        vector = {
            term: math.sqrt(count) * (math.log((1 + n) / (1 + frequency[term])) + 1) ** 1.5
            for term, count in counts.items()
            if 2 <= frequency[term] <= max(50, n / 10)
        }
        length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        vectors.append({term: value / length for term, value in vector.items()})
    return vectors


def dot(one: Vector, other: Vector) -> float:
    return sum(value * other.get(term, 0.0) for term, value in one.items())


def evidence(near: list[float], usual: list[float]) -> list[float]:
    """ln of how much likelier a time is between near articles than between any two, at each point of the scale."""
    if not near or not usual:
        return [0.0] * POINTS
    found, chance = shares(near), shares(usual)
    mixed = [(f * len(near) + c * PRIOR) / (len(near) + PRIOR) for f, c in zip(found, chance, strict=True)]
    return [math.log((f + RARE) / (c + RARE)) for f, c in zip(mixed, chance, strict=True)]


def shares(days: list[float]) -> list[float]:
    bell = {step: math.exp(-0.5 * (step * STEP / SPREAD) ** 2) for step in range(-10, 11)}
    out = [0.0] * POINTS
    for place, count in Counter(min(POINTS - 1, round(scale(day))) for day in days).items():
        for step, height in bell.items():
            if 0 <= place + step < POINTS:
                out[place + step] += count * height / sum(bell.values()) / len(days)
    return out


def scale(days: float) -> float:
    """Where on the tempo's scale so many days are, in points."""
    return (math.log10(max(days, 10**FIRST)) - FIRST) / STEP


class Oracle:
    """Knows n articles by number. `semantic_base` and `learned` (the tempo's evidence) come from the release, because
    both are estimated from a random sample of pairs; `own_evidence` is what the tempo is over all pairs."""

    def __init__(self, articles: list[Article], weights: Weights, semantic_base: float, learned: list[float]) -> None:
        self.articles, self.weights, self.base, self.learned = articles, weights, semantic_base, learned
        self.all = range(len(articles))
        embedder = FakeEmbedder()
        texts = [embedding_text(a, NO_BOILERPLATE, embedder.max_chars) for a in articles]
        self.length = [len(text) for text in texts]
        self.vectors = embedder.embed(texts).astype(float)
        self.word_vectors = tf_idf([Counter(terms(lexical_text(a, NO_BOILERPLATE, 3))) for a in articles])
        self.name_vectors = tf_idf([Counter(names(lexical_text(a, NO_BOILERPLATE, 1))) for a in articles])
        cosine = self.vectors @ self.vectors.T
        self.cosine = [[float(cosine[a, b]) for b in self.all] for a in self.all]
        self.words = [[dot(self.word_vectors[a], self.word_vectors[b]) for b in self.all] for a in self.all]
        self.names = [[dot(self.name_vectors[a], self.name_vectors[b]) for b in self.all] for a in self.all]

    def table(self, k: int) -> list[list[int]]:
        """The k nearest by meaning and the k by words, where a word is shared."""
        return [
            sorted(
                {
                    *self._best(self.cosine[a], a, k),
                    *(b for b in self._best(self.words[a], a, k) if self.words[a][b]),
                    *self._mates(a),
                }
            )
            for a in self.all
        ]

    def _mates(self, own: int) -> list[int]:
        """The nearest by each author of the article."""
        found = []
        for author in self.articles[own].authors:
            by = [b for b in self.all if b != own and author.name in {name.name for name in self.articles[b].authors}]
            found += sorted(by, key=lambda b: -self.cosine[own][b])[:MATES]
        return found

    def _best(self, values: list[float], own: int, k: int) -> list[int]:
        return sorted((b for b in self.all if b != own), key=lambda b: -values[b])[:k]

    def with_kin(self, k: int, more: int) -> dict[tuple[int, int], float]:
        """Every pair that is compared, and its kin."""
        table = self.table(k)
        near = [{b: self._relevance(a, b) for b in table[a]} | {a: 1.0} for a in self.all]
        nearest = []
        for a in self.all:
            by = {b: value * self._timely(a, b) for b, value in near[a].items() if b != a}
            few = sorted(by, key=lambda b: (-by[b], b))[:NEAREST]
            total = sum(by[b] ** SHARPNESS for b in few)
            nearest.append({b: by[b] ** SHARPNESS / total for b in few} if total else {})
        found = {}
        for a in self.all:
            row = {
                b: (
                    sum(share * near[c].get(b, 0.0) for c, share in nearest[a].items())
                    + sum(share * near[a].get(c, 0.0) for c, share in nearest[b].items())
                )
                / 2
                for b in self.all
                if b != a
            }
            new = sorted((b for b in row if b not in near[a] and row[b] > 0), key=lambda b: (-row[b], b))[:more]
            found |= {(a, b): min(1.0, row[b]) for b in (*table[a], *new)}
        return found

    def _relevance(self, a: int, b: int) -> float:
        most = 1 + max(FIRST_LOOK.names_short, FIRST_LOOK.names_long)
        return sum(self._by_text(a, b, FIRST_LOOK).values()) / most

    def _timely(self, a: int, b: int) -> float:
        days = self.days(a, b)
        return 1.0 if days is None else math.exp(FIRST_LOOK.tempo * self.evidence_at(days))

    def own_evidence(self, k: int) -> list[float]:
        """The tempo of these articles, with the days of any two counted over all pairs."""
        close = []
        for a, others in enumerate(self.table(k)):
            ranked = sorted(others, key=lambda b: (-self._relevance(a, b), b))
            close += [days for b in ranked[:5] if (days := self.days(a, b)) is not None]
        usual = [days for a in self.all for b in self.all if a != b and (days := self.days(a, b)) is not None]
        return evidence(close, usual)

    def evidence_at(self, days: float) -> float:
        place = min(scale(days), POINTS - 1.0)
        before = int(place)
        after = min(before + 1, POINTS - 1)
        return self.learned[before] + (self.learned[after] - self.learned[before]) * (place - before)

    def days(self, a: int, b: int) -> float | None:
        one, other = self.articles[a].published_at, self.articles[b].published_at
        return abs((one - other).total_seconds()) / 86_400 if one and other else None

    def _by_text(self, a: int, b: int, w: Weights) -> dict[str, float]:
        long = min(1.0, self.length[a] / w.long_text)
        words = w.words_short + (w.words_long - w.words_short) * long
        return {
            "semantic": (1 - words) * min(1.0, max(0.0, (self.cosine[a][b] - self.base) / (1 - self.base))),
            "lexical": words * math.sqrt(self.words[a][b]),
            "names": (w.names_short + (w.names_long - w.names_short) * long) * math.sqrt(self.names[a][b]),
        }

    def parts(self, a: int, b: int, kin: float | None) -> dict[str, float]:
        """The parts of the score of b towards a; `kin` None means that the night did not compare their texts."""
        w, ours, theirs = self.weights, self.articles[a], self.articles[b]
        long = min(1.0, self.length[a] / w.long_text)
        found = self._by_text(a, b, w) if kin is not None else dict.fromkeys(("semantic", "lexical", "names"), 0.0)
        found["kin"] = (kin or 0.0) * (w.kin_short + (w.kin_long - w.kin_short) * long)
        found["section"] = w.section * self.section(ours, theirs)
        found["author"] = w.author * bool({x.name for x in ours.authors} & {x.name for x in theirs.authors})
        found["tags"] = w.tags * self.tags(ours, theirs)
        names = w.names_short + (w.names_long - w.names_short) * long
        most_kin = w.kin_short + (w.kin_long - w.kin_short) * long
        found = {name: value / (1 + names + most_kin + w.section + w.author + w.tags) for name, value in found.items()}
        relevance = sum(found.values())
        time, site = self.time(a, b), self.site(ours, theirs)
        parts = found | {"time": relevance * time - relevance, "site": relevance * time * site - relevance * time}
        return parts | {"editors": 0.0}

    def time(self, a: int, b: int) -> float:
        w, days, peak = self.weights, self.days(a, b), max(0.0, *self.learned)
        if days is None:
            return math.exp(-w.tempo * peak) * (w.freshness_floor + (1 - w.freshness_floor) * 0.5)
        fresh = w.freshness_floor + (1 - w.freshness_floor) * 0.5 ** (days / w.half_life_days)
        later = self.articles[b].published_at > self.articles[a].published_at  # type: ignore[operator]
        return math.exp(w.tempo * (self.evidence_at(days) - peak)) * fresh * (w.later if later else 1.0)

    def site(self, ours: Article, theirs: Article) -> float:
        hosts = [(urlsplit(article.url).hostname or "").removeprefix("www.") for article in (ours, theirs)]
        return self.weights.other_site if all(hosts) and hosts[0] != hosts[1] else 1.0

    def section(self, a: Article, b: Article) -> float:
        ours, theirs = a.section.split("/") if a.section else [], b.section.split("/") if b.section else []
        common = 0
        while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
            common += 1
        if not common:
            return 0.0
        inside = sum(other.section.split("/")[:common] == ours[:common] for other in self.articles)
        rarity = math.log(len(self.articles) / inside) / math.log(len(self.articles))
        return common / max(len(ours), len(theirs)) * rarity

    def tags(self, a: Article, b: Article) -> float:
        n, count = len(self.articles), Counter(tag for other in self.articles for tag in set(other.tags))
        weight = {tag: math.log(1 + n / c) ** 2 for tag, c in count.items()}
        ours, theirs = set(a.tags), set(b.tags)
        norm = math.sqrt(sum(weight[t] for t in ours) * sum(weight[t] for t in theirs))
        return sum(weight[t] for t in ours & theirs) / norm if norm else 0.0
