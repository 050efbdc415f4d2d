"""Where and when an article may be shown."""

from dataclasses import dataclass
from datetime import datetime

from recsys.articles import Article, Status


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What decides whether an article may be shown; the fields are those of `Article`.

    `changed_at` is when the store took the change that made it so, None where that is not known.
    """

    status: Status = Status.USABLE
    embargoed_until: datetime | None = None
    expires_at: datetime | None = None
    recommendable: bool = True
    show_related: bool = True
    evergreen: bool = False
    changed_at: datetime | None = None

    @classmethod
    def of(cls, article: Article) -> "Lifecycle":
        """That of an article."""
        return cls(
            article.status,
            article.embargoed_until,
            article.expires_at,
            article.recommendable,
            article.show_related,
            article.evergreen,
        )
