"""What the bodies of articles link to, in the article store: canonical addresses, in the order of the text.

Addresses are kept as they are found, also those of other sites: which are the paper's own is known only when its
articles are, so it is worked out when links are read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from recsys.articles import Status
from recsys.schema import articles, links

CHUNK = 500  # values in one IN (...); SQLite once allowed 999
PAGE = 10_000  # links in memory at once


def links_of(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The addresses of each of these articles; () for one without."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    columns = select(links.c.article_id, links.c.url).order_by(links.c.article_id, links.c.place)
    for start in range(0, len(ids), CHUNK):
        for article_id, url in connection.execute(columns.where(links.c.article_id.in_(ids[start : start + CHUNK]))):
            found[article_id].append(url)
    return {article_id: tuple(found[article_id]) for article_id in ids}


def replace_links(connection: Connection, wanted: Mapping[str, Sequence[str]]) -> None:
    """Make `wanted` the addresses of these articles, which must be in the store; what is so already is left alone."""
    known = links_of(connection, list(wanted))
    changed = [article_id for article_id, urls in wanted.items() if tuple(urls) != known[article_id]]
    for start in range(0, len(changed), CHUNK):
        connection.execute(delete(links).where(links.c.article_id.in_(changed[start : start + CHUNK])))
    rows = [
        {"article_id": article_id, "place": place, "url": url}
        for article_id in changed
        for place, url in enumerate(wanted[article_id])
    ]
    if rows:
        connection.execute(insert(links), rows)


def inner_links(connection: Connection) -> Iterator[tuple[str, str]]:
    """(article id, linked article id) of the links from one usable article to another, by id and then by the text.

    A link to the article's own address is none. Where several articles have the address, the smallest id is linked, as
    in `Release.row_of_url`. The same pair may come again where two addresses lead to one article.
    """
    source, target = articles.alias("source"), articles.alias("target")
    asked = (
        select(links.c.article_id, func.min(target.c.id))
        .join(source, source.c.id == links.c.article_id)
        .join(target, target.c.canonical_url == links.c.url)
        .where(
            source.c.status == Status.USABLE.value,
            target.c.status == Status.USABLE.value,
            source.c.canonical_url != links.c.url,
            source.c.id != target.c.id,
        )
        .group_by(links.c.article_id, links.c.place)
        .order_by(links.c.article_id, links.c.place)
        .execution_options(yield_per=PAGE)
    )
    yield from ((article_id, linked) for article_id, linked in connection.execute(asked))
