"""Writes down of each row the few that look most related at first, for the kin of those that come after the night."""

import numpy as np

from index.building import Building
from index.crew import ALONE, Crew
from index.pair_table import row_spans
from recsys.kinship import nearest_among
from recsys.nearest import Nearest
from recsys.signals import age_days

_PAIRS = 500_000  # that are looked at at a time


def nearest(building: Building, crew: Crew = ALONE) -> None:
    """Write `Nearest` of all rows, among the neighbours that the release has.

    The `crew` has the folder of the release before it.

    Raises:
        OSError: the disk is full.
    """
    release = building.release
    spans = row_spans(np.concatenate([[0], np.cumsum(release.neighbour_counts)]), _PAIRS)
    Nearest.joined([Nearest.none(0), *crew.each(_nearest, building, spans)]).save(release.path)


def _nearest(building: Building, span: tuple[int, int]) -> Nearest:
    release = building.release
    owners, near = release.neighbours_of(*span)
    counts, length = release.neighbour_counts[slice(*span)], release.text_length[owners].astype(np.float64)
    days = age_days(release, owners, near.rows)
    return nearest_among(counts, near, length, days, release.manifest.semantic_base, release.tempo)
