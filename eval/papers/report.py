"""What was measured, as Markdown: costs, lists, and each claim beside its figure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from eval.judged.human import Agreement
from eval.papers.datasets import BARS, HUMAN_BAR, MEAN_BAR, SAME_EVENT_BAR
from eval.papers.quality import MEASURES, NDCG, OURS, Bench, Gain, Quality
from eval.papers.stages import Built
from eval.papers.tuned import Halves, LeftOut
from recsys.ranking import Weights


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures of a run of the command; each mapping has the papers that were measured.

    Attributes:
        weights: the built-in ones, or those of the file that was given.
        benches: the papers with judged lists; qualities: ours beside the baselines on each of them.
        untimed: the same weights with nothing of them that looks at dates, for each paper of `BARS`. Dates may give the
            answer away: each story of uci_news_aggregator was crawled within 75 seconds, minutes from every other one.
        human: for each paper of pairs, each system's agreement with people.
        built: every paper's release and costs; forced: why a paper was built with `--force`.
    """

    weights: Weights
    built: Mapping[str, Built]
    forced: Mapping[str, str]
    benches: Mapping[str, Bench]
    qualities: Mapping[str, Quality]
    untimed: Mapping[str, Quality]
    human: Mapping[str, Mapping[str, Agreement]]
    left_out: Sequence[LeftOut] = ()
    halved: Sequence[Halves] = ()


def report(found: Measured) -> str:
    """Every table that there are figures for, each under a line that says what it shows."""
    made = [
        (_costs, "What each stage cost, and the release on disk."),
        (_lists, "The lists; P@1 is precision of the first answer."),
        (_gains, "Ours against each baseline by nDCG@10: effect, 95 % interval over clusters, p after Holm."),
        (_removed, "Error removed: (ours - best baseline) / (1 - best baseline), nDCG@10."),
        (_events, "Same event: precision@1."),
        (_human, "Agreement with people: Spearman's correlation."),
        (_left_out, "Error removed with weights fitted to the other papers only, beside the built-in ones."),
        (_halved, "Error removed after tuning on half of the judgments, tested on the other half."),
        (_weights, "The weights that fitting found."),
    ]
    tables = [(title, list(make(found))) for make, title in made]
    return "\n\n".join("\n".join([title, "", *rows]) for title, rows in tables if len(rows) > 2)  # a head is two rows


def _costs(found: Measured) -> Iterator[str]:
    yield from _head("paper | stage", "wall s | articles/s | peak MiB")
    for name, built in found.built.items():
        for stage in built.stages:
            rate = "" if stage.name.startswith("serve") else f"{len(built.release) / stage.seconds:.0f}"
            yield f"| {name} | {stage.name} | {stage.seconds:.1f} | {rate} | {stage.peak_mib:.0f} |"
        forced = f"; built with --force, as {found.forced[name]}" if found.forced.get(name) else ""
        yield f"| {name} | release: {built.mib:.0f} MiB, {len(built.release)} articles{forced} | | | |"


def _lists(found: Measured) -> Iterator[str]:
    yield from _head("paper | system", " | ".join(["queries", *map(str, MEASURES)]))
    for name, quality in found.qualities.items():
        for system, means in quality.means.items():
            figures = " | ".join(f"{means[measure]:.3f}" for measure in MEASURES)
            yield f"| {name} | {system} | {len(found.benches[name].judgments)} | {figures} |"
        if missing := found.benches[name].missing:
            yield f"| {name} | {missing} judged articles are not in the release | | | | | |"


def _gains(found: Measured) -> Iterator[str]:
    yield from _head("paper | against", "effect | interval | p | queries (clusters) | excludes 0")
    for name, quality in found.qualities.items():
        for gain in quality.gains:
            best = " (best)" if gain.baseline == quality.best else ""
            yield f"| {name} | {gain.baseline}{best} | {_gain(gain)} | {_yes(gain.shown)} |"


def _removed(found: Measured) -> Iterator[str]:
    yield from _head(
        "paper | best baseline", "best | ours | error removed | bar | met, interval excludes 0 | without dates"
    )
    held = {name: quality for name, quality in found.qualities.items() if name in BARS}
    for name, quality in held.items():
        figures = f"{quality.means[quality.best][NDCG]:.4f} | {quality.means[OURS][NDCG]:.4f} | {quality.removed:.1%}"
        met = f"{_yes(quality.removed >= BARS[name].built_in)}, {_yes(quality.gain.shown)}"
        claim = f"{BARS[name].built_in:.0%} | {met} | {found.untimed[name].removed:.1%}"
        yield f"| {name} | {quality.best} | {figures} | {claim} |"
    if len(held) == len(BARS):
        mean = _mean([quality.removed for quality in held.values()])
        untimed = _mean([found.untimed[name].removed for name in held])
        yield f"| mean | | | | {mean:.1%} | {MEAN_BAR:.0%} | {_yes(mean >= MEAN_BAR)} | {untimed:.1%} |"


def _events(found: Measured) -> Iterator[str]:
    yield from _head("paper | system", "P@1 | bar | met")
    for name, bench in found.benches.items():
        if bench.paper.task == "same event":
            for system, means in found.qualities[name].means.items():
                first = means[MEASURES[-1]]
                claim = f"{SAME_EVENT_BAR} | {_yes(first >= SAME_EVENT_BAR)}" if system == OURS else " | "
                yield f"| {name} | {system} | {first:.4f} | {claim} |"


def _human(found: Measured) -> Iterator[str]:
    yield from _head("paper | system", "pairs | Spearman | interval | bar | met")
    for name, by_system in found.human.items():
        for system, agreed in by_system.items():
            interval = "" if agreed.low is None else f"[{agreed.low:.3f}, {agreed.high:.3f}]"
            claim = f"{HUMAN_BAR} | {_yes(agreed.spearman >= HUMAN_BAR)}" if system == OURS else " | "
            yield f"| {name} | {system} | {agreed.pairs} | {agreed.spearman:.4f} | {interval} | {claim} |"


def _left_out(found: Measured) -> Iterator[str]:
    yield from _head("paper", "built-in | left one out | effect | interval | p | queries (clusters) | bar | met")
    removed = []
    for one in found.left_out:
        bar, built_in = BARS[one.paper].built_in, found.qualities[one.paper].removed
        removed.append((built_in, one.quality.removed))
        met = f"{bar:.0%} | {_yes(one.quality.removed >= bar and one.quality.gain.shown)}"
        yield f"| {one.paper} | {built_in:.1%} | {one.quality.removed:.1%} | {_gain(one.quality.gain)} | {met} |"
    if len(removed) == len(BARS):
        first, second = (_mean(values) for values in zip(*removed, strict=True))
        yield f"| mean | {first:.1%} | {second:.1%} | | | | | {MEAN_BAR:.0%} | {_yes(second >= MEAN_BAR)} |"


def _halved(found: Measured) -> Iterator[str]:
    columns = "built-in | 1st fitted, 2nd tested | 2nd fitted, 1st tested | together"
    yield from _head("paper | halves", f"{columns} | effect | interval | p | queries (clusters) | bar | met")
    for one in found.halved:
        both = " | ".join(f"{quality.removed:.1%}" for quality in (*one.tested, one.together))
        bar = BARS[one.paper].tuned
        figures = f"{found.qualities[one.paper].removed:.1%} | {both} | {_gain(one.together.gain)}"
        yield f"| {one.paper} | {one.rule} | {figures} | {bar:.0%} | {_yes(one.together.removed >= bar)} |"


def _weights(found: Measured) -> Iterator[str]:
    fitted = {f"all but {one.paper}": one.weights for one in found.left_out}
    for halved in found.halved:
        fitted |= {f"{halved.paper} {n}": weights for n, weights in enumerate(halved.weights, start=1)}
    yield from _head("weight", " | ".join(["built-in", *fitted]))
    for name, value in asdict(found.weights).items():
        values = [asdict(weights)[name] for weights in fitted.values()]
        if any(other != value for other in values):
            yield f"| {name} | {' | '.join(f'{number:g}' for number in (value, *values))} |"


def _head(texts: str, numbers: str) -> Iterator[str]:
    yield f"| {texts} | {numbers} |"
    yield "|" + "---|" * (texts.count("|") + 1) + "---:|" * (numbers.count("|") + 1)


def _gain(gain: Gain) -> str:
    interval = f"[{gain.low:+.4f}, {gain.high:+.4f}]"
    return f"{gain.effect:+.4f} | {interval} | {gain.p:.4f} | {gain.queries} ({gain.clusters})"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
