"""The core: what the nightly job, the service and the evaluation share."""

from recsys.ranking import Weights
from recsys.recommender import Answer, Item, Recommender, RelatedAnswer
from recsys.release import Release

__all__ = ["Answer", "Item", "Recommender", "RelatedAnswer", "Release", "Weights"]
