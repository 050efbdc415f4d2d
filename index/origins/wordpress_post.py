"""A post of WordPress's REST interface as a record with our fields."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_STATUS = {"publish": "usable", "future": "usable", "trash": "canceled"}  # all others are withheld
_CUT = ("[&hellip;]", "[…]", "[...]")  # how an excerpt ends that nobody wrote
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Section:
    """A category: its name, the number of the one above it (0: none), and all of them by number."""

    name: str
    parent: int
    among: Mapping[int, "Section"]

    def path(self) -> str:
        """The names from the top down, such as "World/Europe"; a slash in a name is none between steps."""
        steps: list[str] = []
        one: Section | None = self
        while one is not None and len(steps) < _DEEPEST:
            steps.append(html.unescape(one.name).replace("/", " "))
            one = self.among.get(one.parent)
        return "/".join(reversed(steps))


def record(post: Mapping[str, Any], section: Callable[[int], Section | None]) -> dict[str, object]:
    """Our fields of a post that was asked for with `_embed`, and beside them the post's own, for `--map`."""
    status = str(post.get("status") or "publish")
    content = _object(post.get("content"))
    withheld = content.get("protected") is True  # behind a password
    return dict(post) | {
        "id": post.get("id"),
        "url": post.get("link"),
        "title": _rendered(post, "title"),
        "standfirst": _excerpt(_rendered(post, "excerpt")),
        "body": content.get("rendered"),
        "authors": _authors(post),
        "byline": None,
        "section": _section(post, section),
        "tags": [term.get("name") for term in _terms(post) if term.get("taxonomy") == "post_tag"],
        "published_at": post.get("date_gmt") or None,
        "updated_at": post.get("modified_gmt") or None,
        "language": post.get("lang") if isinstance(post.get("lang"), str) else None,  # Polylang's
        "image": _image(post),
        "status": "withheld" if withheld else _STATUS.get(status, "withheld"),
        "embargoed_until": post.get("date_gmt") if status == "future" else None,
    }


def _section(post: Mapping[str, Any], section: Callable[[int], Section | None]) -> str:
    """The deepest path of its categories; of two the first."""
    numbers = post.get("categories")
    found = [section(number) for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []
    return max((one.path() for one in found if one), key=lambda path: path.count("/"), default="")


def _authors(post: Mapping[str, Any]) -> list[dict[str, object]] | None:
    """Those of a plugin for co-authors, which tells all of them, else WordPress's own, who is one."""
    for key in ("authors", "coauthors"):
        several = [one for one in _list(post.get(key)) if one.get("display_name")]
        if several:
            return [{"name": one["display_name"], "id": one.get("user_id") or None} for one in several]
    found = [one for one in _embedded(post, "author") if one.get("name")]
    return [{"name": one["name"], "id": one.get("id")} for one in found] or None


def _terms(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = _object(post.get("_embedded")).get("wp:term")
    return [term for group in groups for term in _list(group)] if isinstance(groups, list) else []


def _image(post: Mapping[str, Any]) -> dict[str, object] | None:
    found = next((one for one in _embedded(post, "wp:featuredmedia") if isinstance(one.get("source_url"), str)), None)
    return None if found is None else {"url": found["source_url"], "alt": found.get("alt_text") or ""}


def _excerpt(text: object) -> object:
    plain = text.strip().removesuffix("</p>").strip() if isinstance(text, str) else ""
    return None if plain.endswith(_CUT) else text


def _rendered(post: Mapping[str, Any], field: str) -> object:
    value = post.get(field)
    return value.get("rendered") if isinstance(value, dict) else value


def _embedded(post: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return _list(_object(post.get("_embedded")).get(name))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
