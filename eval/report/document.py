"""The report as one JSON document: every figure with how many it is a mean of, and everything that it came from."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from eval.judgments import Judgments
from eval.report.cases import Cases
from eval.report.config import ReportConfig
from eval.report.study import Measured, Study
from recsys.ranking import Weights
from recsys.release import Release

PACKAGES = ("news-recsys", "numpy", "scipy", "scikit-learn", "faiss-cpu", "bm25s", "matplotlib")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report comes from.

    Attributes:
        release: that was asked.
        judgments: those that count: of the articles that the release has.
        missing: judged articles that the release lacks.
        weights: of our own systems, by name.
        left_out: what could not be made, each with its reason.
    """

    release: Release
    judgments: Judgments
    missing: int
    weights: Mapping[str, Weights]
    left_out: Sequence[str] = ()

    @property
    def sources(self) -> list[dict[str, Any]]:
        """How many articles and pairs each source of judgments has."""
        parts = self.judgments.parts or (self.judgments,)
        return [{"source": p.source, "articles": len(p), "pairs": sum(map(len, p.gains.values()))} for p in parts]


def versions() -> dict[str, str]:
    """The versions of what the figures depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def document(study: Study, origin: Origin, cases: Cases) -> bytes:
    """Indented JSON that ends with a line break; no number in it is NaN or infinite."""
    content = {
        "title": study.config.title,
        "date": study.config.date or None,
        "release": {
            "id": origin.release.id, "articles": len(origin.release), "model": asdict(origin.release.manifest.model),
        },
        "judgments": {"sources": origin.sources, "articles": len(origin.judgments), "missing": origin.missing},
        "config": _config(study.config) | {"weights": {name: asdict(w) for name, w in origin.weights.items()}},
        "baseline": {"system": study.baseline, "chosen": "best of the baselines" if study.best else "by name"},
        "left_out": origin.left_out,
        "systems": [_system(study, one) for one in study.systems],
        "catalogue": study.catalogue,
        "comparisons": [asdict(one) | {"winner": one.winner} for one in study.comparisons],
        "judged_ages": {"n": study.judged_dated, "percentiles": study.judged_ages},
        "cases": cases,
        "versions": versions(),
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _config(config: ReportConfig) -> dict[str, Any]:
    return {
        "measure": str(config.measure),
        "measures": [str(one) for one in config.measures],
        "system": config.system,
        "as_of": str(config.as_of),
        "alpha": config.compare.alpha,
        "resamples": config.compare.resamples,
        "seed": config.compare.seed,
        "variants": config.compare.variants,
    }


def _system(study: Study, one: Measured) -> dict[str, Any]:
    estimates = study.estimates[one.system]
    n = estimates[str(study.config.measure)].n
    return {
        "system": one.system,
        "measures": {name: asdict(estimate) for name, estimate in estimates.items()},
        "by_source": one.by_source,
        "by_cutoff": {"n": n, "values": {str(k): value for k, value in one.looks.by_cutoff}},
        "aspects": {"n": n, "values": one.looks.aspects},
        "ages": {"n": one.looks.dated, "percentiles": one.looks.ages},
        "exposure": {"n": n, "percentiles": one.looks.exposure},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
