"""One paper after the other: build it, ask every system, and what was claimed of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.evaluate import MEANING_ALONE, WORDS_ALONE
from eval.judged.human import Agreement, agreement, read_pairs, text_scorer
from eval.papers.datasets import BARS, Paper
from eval.papers.quality import OURS, Bench
from eval.papers.report import Measured
from eval.papers.stages import Built, build, built
from eval.papers.tuned import by_halves, leave_one_out
from eval.tuning.fit import FitConfig
from recsys.ranking import Weights
from recsys.recommender import Recommender


@dataclass(frozen=True, slots=True)
class PapersConfig:
    """How to measure.

    Attributes:
        work: stores, releases and converted files go here.
        fit: how weights are fitted, from `fit.start`, which are also those that are measured; its seed is for all.
        precision: of the embedding.
        no_build: measure the releases that an earlier run left in `work`.
        leave_one_out, tune: whether to fit weights to the other papers, and to half of each paper's judgments.
    """

    work: Path
    fit: FitConfig
    precision: str = "float32"
    no_build: bool = False
    leave_one_out: bool = False
    tune: bool = False

    @property
    def weights(self) -> Weights:
        """Those that are measured."""
        return self.fit.start


def measure(papers: Sequence[Paper], config: PapersConfig) -> Measured:
    """Build every paper, ask our ranking and the baselines, and fit weights where that is wanted.

    Raises:
        RecsysError: a stage failed, or a file cannot be used.
    """
    made = {paper.name: _built(paper, config) for paper in papers}
    benches = {paper.name: Bench.of(paper, made[paper.name]) for paper in papers if paper.task != "human"}
    judged = [bench for name, bench in benches.items() if name in BARS]
    seed, undated = config.fit.seed, replace(config.weights, tempo=0.0, freshness_floor=1.0, later=1.0)
    found = Measured(
        config.weights,
        made,
        {paper.name: paper.forced for paper in papers},
        benches,
        {name: bench.quality(bench.ours(config.weights), seed=seed) for name, bench in benches.items()},
        {bench.paper.name: bench.quality(bench.ours(undated), seed=seed) for bench in judged},
        {paper.name: _human(paper, made[paper.name], config) for paper in papers if paper.task == "human"},
    )
    return replace(
        found,
        left_out=leave_one_out(judged, config.fit) if config.leave_one_out else (),
        halved=[by_halves(bench, config.fit) for bench in judged] if config.tune else (),
    )


def _built(paper: Paper, config: PapersConfig) -> Built:
    return built(paper, config.work) if config.no_build else build(paper, config.work, config.precision)


def _human(paper: Paper, made: Built, config: PapersConfig) -> Mapping[str, Agreement]:
    asked = read_pairs(paper.judged)
    known = asked.only({article for pair in asked.pairs for article in pair if article in made.release})
    systems = {"words alone": WORDS_ALONE, "meaning alone": MEANING_ALONE, OURS: config.weights}
    return {
        name: agreement(known, text_scorer(Recommender(made.release, weights)), seed=config.fit.seed)
        for name, weights in systems.items()
    }
