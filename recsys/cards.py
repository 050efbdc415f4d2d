"""The display card of an article: what a widget shows, kept in a release as one line of JSON."""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from recsys.articles import Article, Image, section_path
from recsys.authors import Person


class Card(msgspec.Struct, frozen=True):  # as a dataclass it would take three times as long to make
    """What a widget shows of an article."""

    id: str
    url: str
    title: str
    standfirst: str
    section: str
    published_at: datetime | None
    authors: tuple[str, ...]
    image: Image | None


def card_of(article: Article, persons: Iterable[Person]) -> Card:
    """The card of an article by these persons."""
    return Card(
        article.id,
        article.url,
        article.title,
        article.standfirst,
        section_path(article.section),
        article.published_at,
        tuple(person.name for person in persons),
        article.image,
    )


def encode(card: Card) -> bytes:
    """The card as JSON."""
    return msgspec.json.encode(card)


_decoder = msgspec.json.Decoder(Card)


_plain_id = re.compile(rb'\{"id":"([^"\\]*)"').match  # an id stands first in a card; most need no escape


def decode(data: bytes) -> Card:
    """The card that `encode` wrote.

    Raises:
        msgspec.ValidationError: `data` is not a card.
    """
    return _decoder.decode(data)


def id_of(data: bytes) -> str:
    """The id in the card that `encode` wrote; most are read without the rest of it.

    Raises:
        msgspec.ValidationError: `data` is not a card.
    """
    return found[1].decode() if (found := _plain_id(data)) else decode(data).id
