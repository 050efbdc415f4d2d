"""The author registry: what the newsroom says of its authors, in a YAML file that is edited by hand.

    - id: ines-vallory              # the CMS's own id where it has one
      names: [Ines Vallory]         # the first is shown
      aliases: [I. M. Vallory, "Ines Carrick", "Ines Vallory, Northline"]
      not_the_same_as: [ines-vallory-2, Ina Vallory]
    - id: harbour-desk
      names: [Harbour Desk]
      organisation: true

YAML 1.2 by ruamel.yaml: it knows the line of every entry, refuses a key that is given twice, and leaves the name "No"
and the id 017 what they are. Nothing in a file is ever executed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from recsys.errors import ConfigError
from recsys.spelling import name_key

_LARGEST = 16 << 20
_COPY = "registry.json"


@dataclass(frozen=True, slots=True)
class Author:
    """One entry.

    Attributes:
        id: stable; the CMS's id where it has one.
        names: how the author signs now, the first is shown; at least one.
        aliases: other spellings and former names, or "name, affiliation" to tell two persons of one name apart.
        not_the_same_as: ids of other entries or of the CMS, or printed names, that are never joined with this one.
        hidden: no list of this author anywhere.
        organisation: a desk, an agency, a column of many hands: no person and no list.
        listed: an organisation that is to have a list all the same.
    """

    id: str
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    not_the_same_as: tuple[str, ...] = ()
    hidden: bool = False
    organisation: bool = False
    listed: bool = False

    @property
    def has_list(self) -> bool:
        """Whether "more from this author" may show this author's articles."""
        return not self.hidden and (self.listed or not self.organisation)

    def spellings(self) -> dict[str, str]:
        """Key to the spelling, of every name and alias."""
        return {name_key(name): name for name in reversed(self.names + self.aliases)}

    def is_not(self, other: "Author") -> bool:
        """Whether either entry says that they are two."""
        return other.id in self.not_the_same_as or self.id in other.not_the_same_as


@dataclass(frozen=True, slots=True)
class Registry:
    """All entries of a file, and the SHA-256 (hex) of its bytes, "" where there is no file."""

    authors: tuple[Author, ...] = ()
    digest: str = ""

    @classmethod
    def read(cls, path: Path) -> "Registry":
        """The registry of a file.

        Raises:
            ConfigError: the file cannot be read or means nothing; the text names the line, the entry and what is wrong.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); name the file of authors") from error
        if len(raw) > _LARGEST:
            raise ConfigError(f"{path}: {len(raw)} bytes; a file of authors has at most {_LARGEST}")
        entries = [(_author(path, line, entry), line) for entry, line in _entries(path, raw)]
        _check_claims(path, entries)
        return cls(tuple(author for author, _ in entries), hashlib.sha256(raw).hexdigest())


def write_registry(folder: Path, registry: Registry) -> None:
    """Write `registry.json` into a release, so that an article that comes later is read as the night would."""
    (folder / _COPY).write_bytes(msgspec.json.encode(registry))


def read_registry(folder: Path) -> Registry:
    """The registry that `write_registry` wrote.

    Raises:
        OSError: there is none.
        ValueError: it is damaged.
    """
    return msgspec.json.decode((folder / _COPY).read_bytes(), type=Registry)


def _entries(path: Path, raw: bytes) -> Iterator[tuple[Any, int]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        found: Any = YAML(typ="rt", pure=True).load(raw.decode("utf-8-sig"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}" if mark else "somewhere"
        raise ConfigError(f"{path}: {where}: {(error.problem or str(error)).splitlines()[0]}") from error
    except (YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: not YAML in UTF-8 ({str(error).splitlines()[0]})") from error
    if found is not None and not isinstance(found, list):
        raise ConfigError(f"{path}: holds no list; every author is an entry that begins with '- id: …'")
    lines: Any = found
    for number, entry in enumerate(found or []):
        yield entry, lines.lc.data[number][0] + 1


def _author(path: Path, line: int, entry: Any) -> Author:
    where = f"{path}: line {line}"
    if not hasattr(entry, "items"):
        raise ConfigError(f"{where}: {entry!r} is no entry; write '- id: …' and 'names: […]' below it")
    known = [field.name for field in fields(Author)]
    where = f"{where}: author {entry.get('id')!r}"
    for key in entry:
        if key not in known:
            line = entry.lc.key(key)[0] + 1
            raise ConfigError(f"{path}: line {line}: unknown key {key!r}; the keys are {', '.join(known)}")
    author = Author(
        id=_text(where, "id", entry.get("id")),
        names=_texts(where, "names", entry.get("names")),
        aliases=_texts(where, "aliases", entry.get("aliases")),
        not_the_same_as=_texts(where, "not_the_same_as", entry.get("not_the_same_as")),
        hidden=_flag(where, "hidden", entry.get("hidden", False)),
        organisation=_flag(where, "organisation", entry.get("organisation", False)),
        listed=_flag(where, "listed", entry.get("listed", False)),
    )
    if not author.names:
        raise ConfigError(f"{where}: has no names; write names: [the name that is shown]")
    if author.listed and not author.organisation:
        raise ConfigError(f"{where}: listed is for an organisation; a person has a list unless hidden")
    own = {author.id, *author.spellings().values()}
    for other in author.not_the_same_as:
        if other in own:
            raise ConfigError(f"{where}: not_the_same_as names {other!r}, which is this author")
    return author


def _texts(where: str, key: str, value: object) -> tuple[str, ...]:
    values = [] if value is None else value if isinstance(value, list) else [value]
    found = tuple(_text(where, key, one) for one in values)
    keys = [name_key(one) if key != "not_the_same_as" else one for one in found]
    for place, one in enumerate(found):
        if keys[place] in keys[:place]:
            raise ConfigError(f"{where}: {key} has {one!r} twice")
    return found


def _text(where: str, key: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and key != "names" and key != "aliases":
        value = str(value)
    if not isinstance(value, str) or not value.strip() or (key in ("names", "aliases") and not name_key(value)):
        raise ConfigError(f"{where}: {key} is {value!r}; write a text, in quotes if it looks like something else")
    return " ".join(value.split())


def _flag(where: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: {key} is {value!r}; write true or false")
    return value


def _check_claims(path: Path, entries: list[tuple[Author, int]]) -> None:
    """No id twice, and no name of two entries unless one says that they are not the same."""
    ids: dict[str, int] = {}
    claims: dict[str, list[tuple[Author, int]]] = {}
    for author, line in entries:
        if author.id in ids:
            raise ConfigError(f"{path}: line {line}: author {author.id!r} is already in line {ids[author.id]}")
        ids[author.id] = line
        for key, spelling in author.spellings().items():
            for other, first in claims.get(key, []):
                if not author.is_not(other):
                    raise ConfigError(
                        f"{path}: line {line}: author {author.id!r} claims {spelling!r}, which is {other.id!r} in line "
                        f"{first}; if they are two, say not_the_same_as: [{other.id}]"
                    )
            claims.setdefault(key, []).append((author, line))
