"""A node of Drupal's JSON:API as a flat record with our fields, and with its own by their names, for `--map`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

Identity = tuple[str, str]  # type and id
Included = Mapping[Identity, Mapping[str, Any]]
_DEEPEST = 10


def by_identity(included: object) -> dict[Identity, Mapping[str, Any]]:
    """The resources that came with the nodes."""
    found = [one for one in included if isinstance(one, dict)] if isinstance(included, list) else []
    return {(str(one.get("type")), str(one.get("id"))): one for one in found}


def record(node: Mapping[str, Any], included: Included, address: str) -> dict[str, Any]:
    """Fields and relations of the node by their names, and ours after those of Drupal's standard article.

    A text with a format is its HTML; a relation to one term is its path "World/Europe", to several the list of their
    names; a relation to a file or to media is `{"url", "alt"}`. Links are made absolute with `address`.
    """
    attributes = _object(node.get("attributes"))
    flat: dict[str, Any] = {name: _text(value) for name, value in attributes.items()}
    for name, relation in _object(node.get("relationships")).items():
        flat[name] = _related(_object(relation).get("data"), included, address)
    summary = _object(attributes.get("body")).get("summary")
    alias = _object(attributes.get("path")).get("alias")
    number = attributes.get("drupal_internal__nid")
    path = alias or (None if number is None else f"/node/{number}")
    ours = {
        "id": node.get("id") if number is None else number,
        "uuid": node.get("id"),
        "url": urljoin(address, path) if isinstance(path, str) else None,
        "standfirst": summary or None,
        "authors": _authors(_object(_object(node.get("relationships")).get("uid")).get("data"), included),
        "tags": flat.get("field_tags"),
        "section": None,
        "byline": None,
        "published_at": attributes.get("published_at") or attributes.get("created"),
        "updated_at": attributes.get("changed"),
        "language": attributes.get("langcode"),
        "image": flat.get("field_image"),
        "status": "usable" if attributes.get("status", True) is True else "withheld",
    }
    return flat | ours


def _text(value: object) -> object:
    """Of a formatted text its HTML, of a link its address."""
    if isinstance(value, dict):
        return next((value[key] for key in ("processed", "value", "uri") if value.get(key) is not None), None)
    return value


def _related(data: object, included: Included, address: str) -> object:
    if isinstance(data, list):
        found = [_one(one, included, address) for one in data if isinstance(one, dict)]
        pictures = [one for one in found if isinstance(one, dict)]
        return pictures[0] if pictures else [one for one in found if one]
    return _one(data, included, address) if isinstance(data, dict) else None


def _one(link: Mapping[str, Any], included: Included, address: str, depth: int = 0) -> object:
    """What a link leads to, as text or picture; None where it did not come along."""
    found = _object(included.get((str(link.get("type")), str(link.get("id")))))
    attributes = _object(found.get("attributes"))
    kind = str(link.get("type")).partition("--")[0]
    if kind == "file":
        uri = _object(attributes.get("uri")).get("url")
        alt = _object(link.get("meta")).get("alt") or ""
        return {"url": urljoin(address, uri), "alt": alt} if isinstance(uri, str) else None
    if kind == "media" and depth < _DEEPEST:
        links = _object(found.get("relationships"))
        inner = _object(_object(links.get("field_media_image") or links.get("thumbnail")).get("data"))
        return _one(inner, included, address, depth + 1) if inner else None
    if kind == "taxonomy_term":
        return _term_path(found, included) or None
    return attributes.get("display_name") or attributes.get("name") or attributes.get("title")


def _term_path(term: Mapping[str, Any], included: Included) -> str:
    """With the terms above it, where they came along (`include=field_section.parent`)."""
    steps: list[str] = []
    while term and len(steps) < _DEEPEST:
        steps.append(str(_object(term.get("attributes")).get("name") or "").replace("/", " "))
        above = _object(_object(term.get("relationships")).get("parent")).get("data")
        link = next((one for one in above if isinstance(one, dict)), {}) if isinstance(above, list) else {}
        term = _object(included.get((str(link.get("type")), str(link.get("id")))))
    return "/".join(reversed(steps))


def _authors(data: object, included: Included) -> list[dict[str, object]] | None:
    links = data if isinstance(data, list) else [data]
    found = []
    for link in (one for one in links if isinstance(one, dict)):
        user = _object(included.get((str(link.get("type")), str(link.get("id")))))
        attributes = _object(user.get("attributes"))
        name = attributes.get("display_name") or attributes.get("name")
        if name:
            found.append({"name": name, "id": link.get("id")})
    return found or None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
