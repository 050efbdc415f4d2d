"""The shapes of the answers, for OpenAPI only: answers are encoded straight from the core's dataclasses.

A test holds real answers against these models, so they cannot drift apart.
"""

from service.schemas.articles import (
    STORED,
    TAKEDOWN,
    TAKEDOWNS,
    WRITTEN,
    WRITTEN_ALL,
    Author,
    Fields,
    Stored,
    Takedown,
    Takedowns,
    Written,
    WrittenAll,
    WrittenOne,
)
from service.schemas.explanation import EXPLANATION, Explanation, Reason
from service.schemas.health import ALIVE, READY, Alive, Ready, StoreState
from service.schemas.lists import (
    ANSWER,
    BY_AUTHOR,
    COVERAGE,
    DRAFT_ANSWER,
    RELATED,
    Answer,
    DraftAnswer,
    Item,
    PageStatus,
    RelatedAnswer,
)
from service.schemas.problem import BadValue, Problem, cacheable, responses
from service.schemas.rules import ENTRIES, RULE, RULES, Entries, Entry, Rule, Rules, Subject
from service.schemas.webhooks import RECEIVED, Received, Result, body_of_webhook

__all__ = [
    "ALIVE", "ANSWER", "BY_AUTHOR", "COVERAGE", "DRAFT_ANSWER", "ENTRIES", "EXPLANATION", "READY", "RECEIVED",
    "RELATED", "RULE", "RULES", "STORED", "TAKEDOWN", "TAKEDOWNS", "WRITTEN", "WRITTEN_ALL",
    "Alive", "Answer", "Author", "BadValue", "DraftAnswer", "Entries", "Entry", "Explanation", "Fields", "Item",
    "PageStatus",
    "Problem", "Ready", "Reason", "Received", "RelatedAnswer", "Result",
    "Rule", "Rules", "StoreState", "Stored", "Subject", "Takedown", "Takedowns", "Written", "WrittenAll", "WrittenOne",
    "body_of_webhook", "cacheable", "responses",
]  # fmt: skip
