"""The core: what the nightly job, the service and the evaluation share."""

from recsys.answers import Answer, Item, RelatedAnswer
from recsys.ranking import Weights
from recsys.recommender import Recommender
from recsys.release import Release

__all__ = ["Answer", "Item", "Recommender", "RelatedAnswer", "Release", "Weights"]
