"""An article as a CMS sends it."""

import msgspec

from eval.bench.client import request
from recsys.articles import Article


def put_request(article: Article, secret: str) -> bytes:
    """The request that writes it, in the name of a key."""
    told = {
        "title": article.title, "url": article.url, "standfirst": article.standfirst, "body": article.body,
        "byline": article.byline, "section": article.section, "tags": article.tags,
        "published_at": article.published_at,
    }  # fmt: skip
    return request("PUT", f"/v1/articles/{article.id}", msgspec.json.encode(told), Authorization=f"Bearer {secret}")
