"""Who wrote it: an author is a person with a stable key, whatever the spelling of the name.

How a printed byline is read is in `recsys.bylines`, which spellings meet in `recsys.spelling`, and what the newsroom
says of its authors in `recsys.registry`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from recsys.articles import Article
from recsys.bylines import Byline, parse_byline
from recsys.registry import Author, Registry
from recsys.spelling import Join, initials_meet, name_key

__all__ = ["Byline", "People", "Person", "joins", "name_key", "parse_byline", "persons_of"]
_NOBODY = Registry()


@dataclass(frozen=True, slots=True)
class Person:
    """An author of an article: `key` is the same for every spelling that means one person; `name` is for display.

    A key is "id:…" for an id of the CMS or of the registry, "?…" for a name that two authors of the registry share and
    nothing tells which, and else the key of the name.
    """

    key: str
    name: str
    printed: str = field(default="", compare=False)  # as this article spells it


class People:
    """Whom the names of articles mean, under a registry. It never changes and may serve many threads."""

    def __init__(self, registry: Registry = _NOBODY) -> None:
        self._by_id = {author.id: author for author in registry.authors}
        self._claims: dict[str, list[Author]] = defaultdict(list)
        for author in registry.authors:
            for key in author.spellings():
                self._claims[key].append(author)

    def of(self, article: Article) -> tuple[Person, ...]:
        """The authors of an article: the CMS's own where it names any, else the printed byline's.

        Persons, and organisations that the registry lists; each once, in printed order.
        """
        found: list[Person | None] = []
        for author in article.authors:
            found += [self._of_id(author.id, author.name)] if author.id else self._of_byline(author.name)
        if not article.authors:
            found = self._of_byline(article.byline)
        return tuple({person.key: person for person in reversed(found) if person}.values())[::-1]

    def has_list(self, key: str) -> bool:
        """Whether the author of this key may have a list: not where the registry hides the author."""
        author = self._by_id.get(key.removeprefix("id:")) if key.startswith("id:") else None
        return author is None or author.has_list

    def apart(self) -> frozenset[frozenset[str]]:
        """Pairs of keys of names that the registry keeps apart."""
        pairs: set[frozenset[str]] = set()
        for author in self._by_id.values():
            for other in author.not_the_same_as:
                names = self._by_id[other].spellings() if other in self._by_id else (name_key(other),)
                pairs.update(frozenset(pair) for pair in product(author.spellings(), names))
        return frozenset(pairs)

    def _of_id(self, identity: str, name: str) -> Person | None:
        claims = [author for author in self._claims.get(name_key(name), ()) if identity not in author.not_the_same_as]
        known = self._by_id.get(identity) or (claims[0] if len(claims) == 1 else None)
        return _entry(known, name) if known else Person(f"id:{identity}", name, name)

    def _of_byline(self, printed: str) -> list[Person | None]:
        whole = self._claims.get(name_key(printed), ()) if self._claims else ()
        if len(whole) == 1:  # as the registry has it, whatever the rules would read
            return [_entry(whole[0], printed)]
        byline = parse_byline(printed)
        persons = [self._of_name(name, byline.affiliation) for name in byline.persons]
        organised = [(name, self._claims.get(name_key(name), [])) for name in byline.organisations]
        return persons + [_entry(claims[0], name) for name, claims in organised if len(claims) == 1]

    def _of_name(self, name: str, affiliation: str) -> Person | None:
        claims = self._claims.get(name_key(f"{name}, {affiliation}"), []) if affiliation else []
        claims = claims or self._claims.get(name_key(name), [])
        if len(claims) > 1:
            return Person(f"?{name_key(name)}", name, name)
        return _entry(claims[0], name) if claims else Person(name_key(name), name, name)


def persons_of(article: Article) -> tuple[Person, ...]:
    """The persons who wrote an article, without a registry."""
    return People().of(article)


def joins(persons: Iterable[Person], apart: frozenset[frozenset[str]] = frozenset()) -> tuple[Join, ...]:
    """Which keys of an archive mean the person of another key; no key is joined twice, and ids never are.

    A name that exactly one id has means that id; initials that fit one name only mean that name.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    names: set[str] = set()
    for person in persons:
        if person.key.startswith("id:"):
            ids[name_key(person.name)].add(person.key)
        elif not person.key.startswith("?"):
            names.add(person.key)
    same = {name: Join(name, min(ids[name]), "the id of that name") for name in names if len(ids.get(name, ())) == 1}
    sure, _ = initials_meet(names | ids.keys(), apart, frozenset(ids))
    for join in sure:
        if join.short in names and join.short not in same and len(ids.get(join.full, ())) < 2:
            same[join.short] = join
    return tuple(Join(key, _end(key, same, ids), join.why) for key, join in sorted(same.items()))


def _end(key: str, same: dict[str, Join], ids: dict[str, set[str]]) -> str:
    """Where a chain of joins ends: "c johnson" -> "carla johnson" -> "carla k johnson"."""
    while key in same:
        key = same[key].full
    return min(ids[key]) if key in ids and len(ids[key]) == 1 else key


def _entry(author: Author, printed: str) -> Person | None:
    """The person of an entry; None for an organisation that is not listed."""
    unlisted = author.organisation and not author.listed
    return None if unlisted else Person(f"id:{author.id}", author.names[0], printed)
