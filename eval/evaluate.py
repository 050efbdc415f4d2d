"""Ask the recommender that serves for every judged article, and hold its lists against the judgments."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from eval.asof import ANY_TIME, AsOf
from eval.baselines.scoring import Baseline, answer
from eval.judgments import Judgments
from eval.leaks import leaks
from eval.measures import Measure
from eval.metrics import mean
from eval.runs import Run, Scored
from recsys.eligibility import Filters
from recsys.errors import ConfigError
from recsys.progress import track
from recsys.ranking import Weights
from recsys.recommender import MAX_K, Recommender
from recsys.release import Release
from recsys.variety import AS_RANKED, Variety

WORDS_ALONE = Weights(
    words_long=1, words_short=1, names_short=0, names_long=0, kin_short=0, kin_long=0,
    section=0, author=0, tags=0, tempo=0, freshness_floor=1, later=1, other_site=1, floor=0,
)  # fmt: skip
MEANING_ALONE = replace(WORDS_ALONE, words_long=0, words_short=0)
OURS = "our ranking"
MEASURES = (Measure("nDCG", 10), Measure("R", 10), Measure("RR", 100))
NO_FILTERS = Filters()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Score:
    """One system's figures: means over `queries` articles, each in [0, 1].

    `mrr` looks at the first 100 answers. `missing` counts judged articles that the release lacks; they are no queries.
    """

    system: str
    queries: int
    missing: int
    ndcg_at_10: float
    recall_at_10: float
    mrr: float


def systems(ours: Weights) -> dict[str, Weights]:
    """Our ranking beside its two halves; all of them over the same candidates."""
    return {"words alone (TF-IDF)": WORDS_ALONE, "meaning alone": MEANING_ALONE, OURS: ours}


def rank(
    release: Release,
    queries: Iterable[str],
    weights: Weights,
    system: str,
    k: int = MAX_K,
    *,
    as_of: AsOf = ANY_TIME,
    filters: Filters = NO_FILTERS,
    variety: Variety = AS_RANKED,
) -> Run:
    """The run of the recommender that serves: for each query article its first k.

    A system is a release, weights, filters and variety. Judgments of stories count every copy and every report of an
    event as right, so by default nothing is left out for variety's sake. Of a moment in `filters` and one of `as_of`
    the earlier counts.

    Raises:
        ArticleNotFound: the release lacks a query; `known` tells which it has.
        ConfigError: k is not in [0, MAX_K].
    """
    recommender = Recommender(release, weights, variety=variety)
    return Run.of(
        system,
        {query: _list(recommender, query, k, as_of, filters) for query in track(list(queries), system, unit="lists")},
    )


def _list(recommender: Recommender, query: str, k: int, as_of: AsOf, filters: Filters) -> list[Scored]:
    moment = as_of.of(recommender.release.card(recommender.release.row(query)))
    if as_of and moment is None:  # an undated query has no moment of its own: nothing can be shown to be earlier
        return []
    found = recommender.similar(
        query,
        k,
        exclude=filters.exclude,
        section=filters.section,
        exclude_section=filters.exclude_section,
        published_after=filters.published_after,
        as_of=_earlier(moment, filters.as_of),
    )
    return [(item.id, item.score, item.source) for item in found.items]


def _earlier(first: datetime | None, second: datetime | None) -> datetime | None:
    return min(first, second) if first and second else first or second


def known(release: Release, articles: Sequence[str]) -> list[str]:
    """Those of `articles` that the release has; how many it lacks is logged.

    Raises:
        ConfigError: it has none.
    """
    found = [article for article in articles if article in release]
    if not found:
        raise ConfigError(f"none of the {len(articles)} judged articles is in {release}: is it the right release?")
    if len(found) < len(articles):
        log.info("%d of %d judged articles are not in the release and are no queries", len(articles) - len(found),
                 len(articles))  # fmt: skip
    return found


def runs(
    release: Release,
    queries: Sequence[str],
    by_system: Mapping[str, Weights],
    baselines: Iterable[Baseline] = (),
    as_of: AsOf = ANY_TIME,
    variety: Variety = AS_RANKED,
) -> Iterator[Run]:
    """The run of every baseline, then of every system, each made when it is asked for and checked for leaks.

    `variety` is of the systems; baselines know nothing of stories.

    Raises:
        ConfigError: a run holds an answer that was not yet published, so its figures would mean nothing.
    """
    yield from (_unleaked(answer(baseline, release, queries, as_of=as_of), release, as_of) for baseline in baselines)
    for name, weights in by_system.items():
        yield _unleaked(rank(release, queries, weights, name, as_of=as_of, variety=variety), release, as_of)


def evaluate(
    release: Release,
    judgments: Judgments,
    by_system: Mapping[str, Weights],
    baselines: Iterable[Baseline] = (),
    as_of: AsOf = ANY_TIME,
) -> list[Score]:
    """The figures of every baseline and every system.

    Raises:
        ConfigError: the release has none of the judged articles.
    """
    queries = known(release, list(judgments.gains))
    return scores(release, judgments, runs(release, queries, by_system, baselines, as_of))


def scores(release: Release, judgments: Judgments, found: Iterable[Run]) -> list[Score]:
    """The figures of runs over those judged articles that the release has.

    Raises:
        ConfigError: it has none.
    """
    asked = judgments.only(set(known(release, list(judgments.gains))))
    return [_score(run, asked, len(judgments) - len(asked)) for run in found]


def _unleaked(run: Run, release: Release, as_of: AsOf) -> Run:
    if as_of and (late := leaks(run, release, as_of)):
        first = late[0]
        raise ConfigError(f"{run.system} answers {len(late)} articles too early, such as {first.doc!r} for"
                          f" {first.query!r}, {first.why}: it does not obey as_of {as_of}")  # fmt: skip
    return run


def _score(run: Run, judgments: Judgments, missing: int) -> Score:
    return Score(run.system, len(judgments), missing, *(mean(run, judgments, measure) for measure in MEASURES))


def table(scores: Iterable[Score]) -> str:
    """The figures as a Markdown table."""
    lines = ["| system | articles asked | nDCG@10 | recall@10 | MRR |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {s.system} | {s.queries} | {s.ndcg_at_10:.3f} | {s.recall_at_10:.3f} | {s.mrr:.3f} |" for s in scores]
    return "\n".join(lines)


def run_table(runs: Iterable[Run], judgments: Judgments, measures: Sequence[Measure]) -> str:
    """The means of each run as a Markdown table; `missing` counts judged articles that the run lacks, which count 0."""
    lines = [
        f"| system | judged | missing | {' | '.join(map(str, measures))} |",
        "|---|---:|---:|" + "---:|" * len(measures),
    ]
    for run in runs:
        missing = sum(query not in run.lists for query in judgments.gains)
        figures = " | ".join(f"{mean(run, judgments, measure):.4f}" for measure in measures)
        lines.append(f"| {run.system} | {len(judgments)} | {missing} | {figures} |")
    return "\n".join(lines)
