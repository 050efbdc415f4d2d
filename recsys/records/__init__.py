"""From what a newsroom sends to an article: one reading for exports, for the HTTP interface and for webhooks."""

from recsys.records.fields import Unusable, identifier
from recsys.records.patch import Patched, patch
from recsys.records.record import CANONICAL, Reading, parse_mapping, read

__all__ = ["CANONICAL", "Patched", "Reading", "Unusable", "identifier", "parse_mapping", "patch", "read"]
