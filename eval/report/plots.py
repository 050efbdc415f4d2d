"""The plots of a report, each as one SVG element that stands in the page; matplotlib draws them."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from eval.report.study import CUTOFFS, POINTS, SHOWN, Measured, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which colour-blind readers can tell apart ("Color Universal Design", 2008)
OURS, THEIRS, JUDGED = "#0072b2", "#d55e00", "#111111"
OTHERS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#8c8c8c")
DASHES = ("-", "--", ":")
_SIZE = (9.0, 4.2)  # inches, of 72 points
_PERCENT = np.linspace(0, 100, POINTS)


def wins_and_losses(study: Study) -> str:
    """The difference of each article asked, largest gain first."""
    values = np.sort(np.array(list(study.differences.values())))[::-1]
    places = np.arange(len(values) + 1)
    better, worse = int((values > 0).sum()), len(values) - int((values < 0).sum())
    with _drawn("wins") as (axes, out):
        axes.stairs(
            values[:better], places[: better + 1], fill=True, color=OURS, label=f"better: {study.config.system}"
        )
        axes.stairs(values[worse:], places[worse:], fill=True, color=THEIRS, label=f"better: {study.baseline}")
        axes.set_xlim(0, len(values))
        axes.axhline(0, color=JUDGED, linewidth=0.8)
        axes.set(xlabel="articles asked, by difference", ylabel=f"difference in {study.config.measure}")
        axes.legend(loc="upper right", frameon=False)
    return out[0]


def by_cutoff(study: Study) -> str:
    """The chosen measure against k, one line a system."""
    name = str(study.config.measure).split("@")[0]
    with _drawn("cutoffs") as (axes, out):
        for place, one in enumerate(study.systems):
            _line(axes, study, one, place, [k for k, _ in one.looks.by_cutoff], [v for _, v in one.looks.by_cutoff])
        axes.set_xscale("log")
        axes.set_xticks(CUTOFFS, [str(k) for k in CUTOFFS])
        axes.minorticks_off()
        axes.set(xlabel="k", ylabel=f"{name}@k", ylim=(0, None))
        _names(axes)
    return out[0]


def ages(study: Study) -> str:
    """How large a share of what is shown is at most so old, with what is judged related for comparison."""
    with _drawn("ages") as (axes, out):
        for place, one in enumerate(study.systems):
            if one.looks.ages:
                _line(axes, study, one, place, one.looks.ages, _PERCENT)
        if study.judged_ages:
            axes.plot(study.judged_ages, _PERCENT, color=JUDGED, linewidth=1.6, linestyle=":", label="judged related")
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks([-1000, -100, -10, -1, 0, 1, 10, 100, 1000])
        axes.set_xticklabels(["−1000", "−100", "−10", "−1", "0", "1", "10", "100", "1000"])
        axes.set(xlabel=f"days older than the article asked (first {SHOWN} answers)", ylabel="% of answers")
        _names(axes)
    return out[0]


def exposure(study: Study) -> str:
    """How few articles have how much of what is shown."""
    with _drawn("exposure") as (axes, out):
        for place, one in enumerate(study.systems):
            _line(axes, study, one, place, _PERCENT, 100 * np.array(one.looks.exposure))
        axes.plot([0, 100], [0, 100], color=JUDGED, linewidth=0.8, linestyle=":", label="all alike")
        axes.set(xlabel="% of the catalogue, most shown first", ylabel=f"% of all places in first {SHOWN}")
        _names(axes)
    return out[0]


def _line(axes: "Axes", study: Study, one: Measured, place: int, x: object, y: object) -> None:
    main = {study.config.system: OURS, study.baseline: THEIRS}.get(one.system)
    style = DASHES[place // len(OTHERS) % len(DASHES)]
    axes.plot(
        x,  # type: ignore[arg-type]
        y,  # type: ignore[arg-type]
        color=main or OTHERS[place % len(OTHERS)],
        linestyle="-" if main else style,
        linewidth=2.4 if main else 1.0,
        zorder=3 if main else 2,
        label=one.system,
    )


def _names(axes: "Axes") -> None:
    if axes.lines:  # nothing is dated, for one
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)


@contextmanager
def _drawn(name: str) -> "Iterator[tuple[Axes, list[str]]]":
    """Axes to draw on; afterwards the list holds the SVG element, the same for the same data."""
    from matplotlib import style
    from matplotlib.figure import Figure  # no pyplot: no window system, no global state

    out: list[str] = []
    fixed = {"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False, "font.size": 9}
    with style.context(["default", fixed]):  # whatever the reader's matplotlibrc says
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, out
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    out.append(_inline(buffer.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """Only the element, without metadata, and with ids that no other plot of the page has."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'xlink:href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", svg)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', f'role="img" aria-label="{name}" ', svg, count=1)
    return re.sub(r"\s*\n\s*", "\n", svg).strip()
