"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from pathlib import Path

from eval.report.cases import Cases
from eval.report.document import Origin, versions
from eval.report.plots import ages, by_cutoff, exposure, wins_and_losses
from eval.report.study import Study
from eval.report.tables import tables, verdict

TEMPLATE = "page.html.j2"


def page(study: Study, origin: Origin, cases: Cases) -> str:
    """The page. Texts from articles, judgments and options are escaped; addresses are followed only over http(s)."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    drawn = {"by_cutoff": by_cutoff, "wins": wins_and_losses, "ages": ages, "exposure": exposure}
    return environment.get_template(TEMPLATE).render(
        title=title(study, origin),
        date=study.config.date,
        facts=facts(study, origin),
        short=short(study),
        tables=tables(study),
        plots={name: Markup(draw(study)) for name, draw in drawn.items()},  # noqa: S704 - matplotlib escapes names
        system=study.config.system,
        baseline=study.baseline,
        counts=counts(study),
        cases=cases,
        made=_made(study, origin),
    )


def title(study: Study, origin: Origin) -> str:
    """What the report is called."""
    return study.config.title or f"How good the lists of {origin.release.id} are"


def facts(study: Study, origin: Origin) -> tuple[tuple[str, str], ...]:
    """What a reader must know before any figure."""
    estimate = study.estimates[study.baseline][str(study.config.measure)]
    asked = f"{estimate.n} articles in {estimate.clusters} independent groups"
    sources = "; ".join(f"{s['source']}: {s['pairs']} pairs of {s['articles']} articles" for s in origin.sources)
    found = [
        ("release", f"{origin.release.id}, {len(origin.release)} articles, {origin.release.manifest.model.name}"),
        ("judgments", sources),
        ("asked", f"{asked}; {origin.missing} judged articles are not in the release"),
        ("as of", _moment(study)),
    ]
    if origin.left_out:
        found.append(("left out", "; ".join(origin.left_out)))
    return tuple(found)


def short(study: Study) -> tuple[str, ...]:
    """A sentence for each of our own systems: what may be said of it, and of no more."""
    measure = study.config.measure
    return tuple(
        f"{c.system} against {study.baseline}: {measure} {c.effect:+.4f}, interval {c.low:+.4f} to {c.high:+.4f},"
        f" p {c.corrected_p:.2g} after Holm over {c.variants} systems: {verdict(c.winner, c.system)}."
        for c in study.comparisons
        if c.system in study.ours
    )


def counts(study: Study) -> tuple[int, int, int]:
    """Articles for which the system is better, worse, the same."""
    values = list(study.differences.values())
    better, worse = sum(value > 0 for value in values), sum(value < 0 for value in values)
    return better, worse, len(values) - better - worse


def _moment(study: Study) -> str:
    if not study.config.as_of:
        return "any time: articles published later than the one asked are candidates too"
    return f"{study.config.as_of}: no answer of any system was published later"


def _made(study: Study, origin: Origin) -> tuple[tuple[str, str], ...]:
    compare = study.config.compare
    drawn = f"{compare.resamples} draws of bootstrap and sign flips, seed {compare.seed}, alpha {compare.alpha:g}"
    weights = [(f"weights of {name}", str(weights)) for name, weights in origin.weights.items()]
    return (("statistics", drawn), *weights, *versions().items())
