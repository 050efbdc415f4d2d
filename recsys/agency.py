"""Whether an article is agency copy: its byline names a news agency, and nobody of the house."""

import re

from recsys.articles import Article
from recsys.bylines import parse_byline

_NAMES = (
    "associated press|reuters|agence france[- ]presse|bloomberg news|united press international|press association|"
    "pa media|pa news agency|australian associated press|canadian press|press trust of india|"
    "deutsche presse[- ]agentur|agencia efe|"
    "ansa|xinhua|kyodo(?: news)?|jiji press|yonhap|anadolu(?: agency)?|interfax|tass|belga|keystone-sda|"
    "austria press agency|ritzau|tidningarnas telegrambyrå|lusa|agerpres|ukrinform|ani|ians"
)
_AGENCY = re.compile(rf"\b(?:(?i:{_NAMES})|AP|AFP|UPI|DPA|dpa|EFE|PTI|AAP|APA|ANP|NTB|TT|STT|SDA|CP|PA)\b")


def agency_copy(article: Article) -> bool:
    """True where an agency is named and every person who is named has it as affiliation.

    >>> bylines = ("Ines Vallory, AP", "Reuters", "Ines Vallory and Reuters")
    >>> [agency_copy(Article("1", "", byline=printed)) for printed in bylines]
    [True, True, False]
    """
    names = [author.name for author in article.authors] or [article.byline]
    bylines = [parse_byline(name) for name in names if name.strip()]
    agencies = [
        name for byline in bylines for name in (*byline.organisations, byline.affiliation) if _AGENCY.search(name)
    ]
    own = any(byline.persons and not _AGENCY.search(byline.affiliation) for byline in bylines)
    return bool(agencies) and not own
