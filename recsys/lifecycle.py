"""What of an article decides where it may be shown: the part that the service follows between two builds."""

from dataclasses import dataclass
from datetime import datetime

from recsys.articles import Article, Status


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The fields of `Article` of these names, and `changed_at`: when the store took the change (aware, in UTC).

    `changed_at` is None where nobody knows: in a store from before it was kept, and in what `of` makes.
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
        """The article's own; an article does not know when it was changed."""
        return cls(
            status=article.status,
            embargoed_until=article.embargoed_until,
            expires_at=article.expires_at,
            recommendable=article.recommendable,
            show_related=article.show_related,
            evergreen=article.evergreen,
        )
