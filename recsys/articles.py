"""What an article is: one frozen record, the same from the CMS's export to the widget."""

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Where an article stands in its life; only `USABLE` ones are ever recommended (names after ninjs `pubstatus`)."""

    USABLE = "usable"
    WITHHELD = "withheld"
    CANCELED = "canceled"
    RETIRED = "retired"  # no longer in the newsroom's full export


@dataclass(frozen=True, slots=True)
class Image:
    """The picture of a display card."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class AuthorName:
    """An author as the CMS names them; `id` where the CMS has one."""

    name: str
    id: str | None = None


def section_path(printed: str) -> str:
    """The normal form of a section path: no empty steps, single spaces.

    >>> section_path(" World / Middle  East/")
    'World/Middle East'
    """
    return "/".join(name for step in printed.split("/") if (name := " ".join(step.split())))


def tag_key(printed: str) -> str:
    """One key for the spellings of a tag.

    >>> tag_key(" Local  Elections")
    'local elections'
    """
    return " ".join(printed.casefold().split())


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the newspaper. Text is plain (no HTML), one paragraph a line; "" or None where unknown.

    `section` is a path such as "world/europe". Moments are aware and in UTC.
    `byline` is what is printed; `authors` are names that the CMS keeps apart itself and then wins over `byline`.

    Where it may be shown, to the second: from `embargoed_until` on and before `expires_at`, both open where None.
    `recommendable` is whether other pages may show it, `show_related` whether its own page may show lists.
    An `evergreen` article does not age.
    """

    id: str
    title: str
    url: str = ""
    standfirst: str = ""
    body: str = ""
    byline: str = ""
    authors: tuple[AuthorName, ...] = ()
    section: str = ""
    tags: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    language: str = ""
    image: Image | None = None
    status: Status = Status.USABLE
    embargoed_until: datetime | None = None
    expires_at: datetime | None = None
    recommendable: bool = True
    show_related: bool = True
    evergreen: bool = False

    def digest(self) -> str:
        """SHA-256 (64 hex digits) over every field: two articles have one digest when nothing at all differs.

        Fields that came later are left out where they say nothing, so that an upgrade changes no article.
        """
        known = asdict(self)
        silent = [item.name for item in fields(self) if item.name in _LATER and known[item.name] == item.default]
        said = {name: value for name, value in known.items() if name not in silent}
        return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def content_hash(article: Article) -> int:
    """64 bits over all that is printed of an article: where and when it may be shown is left out."""
    plain = replace(
        article, status=Status.USABLE, embargoed_until=None, expires_at=None, recommendable=True, show_related=True
    )
    return int(plain.digest()[:16], 16)


_LATER = frozenset({"embargoed_until", "expires_at", "recommendable", "show_related", "evergreen"})
