"""The display card of an article: what a widget shows, kept in a release as one line of JSON."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from recsys.articles import Image


@dataclass(frozen=True, slots=True)
class Card:
    """What a widget shows of an article."""

    id: str
    url: str
    title: str
    standfirst: str
    section: str
    published_at: datetime | None
    authors: tuple[str, ...]
    image: Image | None


def encode(card: Card) -> bytes:
    """The card as JSON."""
    return msgspec.json.encode(card)


_decoder = msgspec.json.Decoder(Card)


def decode(data: bytes) -> Card:
    """The card that `encode` wrote.

    Raises:
        msgspec.ValidationError: `data` is not a card.
    """
    return _decoder.decode(data)
