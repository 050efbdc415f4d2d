"""Ask the recommender that serves for every judged article, and hold its lists against the judgments."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from eval.judgments import Judgments
from eval.metrics import recall, reciprocal_rank
from recsys.errors import ArticleNotFound, ConfigError
from recsys.progress import track
from recsys.ranking import Weights
from recsys.recommender import MAX_K, Recommender
from recsys.release import Release

WORDS_ALONE = Weights(words_long=1, words_short=1, section=0, author=0, tags=0, freshness_floor=1)
MEANING_ALONE = Weights(words_long=0, words_short=0, section=0, author=0, tags=0, freshness_floor=1)


@dataclass(frozen=True, slots=True)
class Score:
    """One system's figures: means over `queries` articles, each in [0, 1].

    `mrr` looks at the first 100 answers. `missing` counts judged articles that the release lacks; they are no queries.
    """

    system: str
    queries: int
    missing: int
    recall_at_10: float
    mrr: float


def systems(ours: Weights) -> dict[str, Weights]:
    """Our ranking beside its two halves; all of them over the same candidates."""
    return {"words alone (TF-IDF)": WORDS_ALONE, "meaning alone": MEANING_ALONE, "our ranking": ours}


def evaluate(release: Release, judgments: Judgments, by_system: dict[str, Weights]) -> list[Score]:
    """The figures of every system.

    Raises:
        ConfigError: the release has none of the judged articles.
    """
    queries = {article: set(related) for article, related in judgments.gains.items() if _has(release, article)}
    if not queries:
        raise ConfigError(f"none of the {len(judgments)} judged articles is in {release}: is it the right release?")
    return [_score(name, release, weights, queries, len(judgments)) for name, weights in by_system.items()]


def _score(name: str, release: Release, weights: Weights, queries: dict[str, set[str]], judged: int) -> Score:
    recommender = Recommender(release, weights)
    lists = {
        article: [item.id for item in recommender.similar(article, MAX_K).items]
        for article in track(queries, name, unit="lists")
    }
    return Score(
        name,
        len(queries),
        judged - len(queries),
        fmean(recall(lists[article], related, 10) for article, related in queries.items()),
        fmean(reciprocal_rank(lists[article], related) for article, related in queries.items()),
    )


def _has(release: Release, article_id: str) -> bool:
    try:
        release.row(article_id)
    except ArticleNotFound:
        return False
    return True


def table(scores: Iterable[Score]) -> str:
    """The figures as a Markdown table."""
    lines = ["| system | articles asked | recall@10 | MRR |", "|---|---:|---:|---:|"]
    lines += [f"| {s.system} | {s.queries} | {s.recall_at_10:.3f} | {s.mrr:.3f} |" for s in scores]
    return "\n".join(lines)
