"""The annex of a release as files of the next: what the nights since a full build have added to it.

What is large stays mapped, and what each arrival is near to is not worked out again: to open it costs some microseconds
an arrival.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recsys.articles import Status
from recsys.authors import People
from recsys.columns import ListColumn, TextColumn, TextColumnWriter, open_array, save_array
from recsys.extension.annex import NUMBERS, Annex
from recsys.extension.kept import NAME, open_rest, save_rest
from recsys.lookup import Lookup, write_lookup
from recsys.release import Release

_TEXTS = ("ids", "urls", "cards", "canonical")


def save_annex(annex: Annex, folder: Path) -> None:
    """Write all that `opened_annex` needs.

    Raises:
        OSError: the disk is full.
    """
    n, columns = len(annex.base), annex.numbers
    numbers = [columns[name].view()[n:].astype(np.int64) for name in NUMBERS]
    save_array(folder / f"{NAME}.numbers.npy", np.stack(numbers, axis=1))
    for name in _TEXTS:
        with TextColumnWriter(folder, f"{NAME}.{name}") as texts:
            for text in getattr(annex, name):
                texts.append(text)
    for name, lists in (("authors", annex.authors_of.view()), ("tags", annex.tags_of.view())):
        own = int(lists.offsets[n])
        ListColumn(lists.offsets[n:] - own, lists.values[own:]).save(folder, f"{NAME}.{name}")
    write_lookup(folder, f"{NAME}.words", f"{NAME}.word_rows", annex.rows_of_word)
    annex.near.save(folder, NAME, n + len(annex))
    save_rest(folder, "annex", _rest(annex))


def opened_annex(base: Release, people: People) -> Annex:
    """The annex that the folder of `base` holds; it may go on growing.

    Raises:
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file cannot be read, or does not fit the others.
    """
    annex, folder = Annex(base, people), base.path
    annex.settled = True
    rest = open_rest(folder, "annex")
    numbers = open_array(folder / f"{NAME}.numbers.npy")
    for place, name in enumerate(NUMBERS):
        annex.numbers[name].extend(numbers[:, place].tolist())
        for row, value in rest["changed"][name]:
            annex.numbers[name].put(row, value)
    for name in _TEXTS:
        getattr(annex, name).extend(_texts(TextColumn.open(folder, f"{NAME}.{name}")))
    if {len(annex), len(numbers)} != {len(annex.urls), len(annex.cards), len(annex.canonical)}:
        raise ValueError(f"{folder}: files of arrivals that do not belong together")
    _number(annex, rest)
    _list(annex, folder)
    _find(annex, folder)
    annex.near.restore(folder, NAME)
    return annex


def _rest(annex: Annex) -> dict[str, Any]:
    keys, names = annex.persons.kept()
    changed = {}
    for name in NUMBERS:
        now, night = annex.numbers[name].view()[: len(annex.base)], getattr(annex.base, name)
        rows = np.flatnonzero(now != night)
        changed[name] = list(zip(rows.tolist(), now[rows].tolist(), strict=True))
    return {
        "changed": changed,
        "replaced": annex.replaced.view().tolist(),
        "replaced_by": [annex.replaced_by[row] for row in annex.replaced.view().tolist()],
        "withdrawn": {row: str(status) for row, status in annex.withdrawn.items()},
        "sections": annex.sections.paths,
        "authors": keys,
        "names": names,
        "tags": annex.tags.texts,
        "sites": annex.sites,
        **{name: {key: rows.tolist() for key, rows in getattr(annex, name).items()} for name in _LISTS},
    }


_LISTS = ("other_texts", "other_events", "other_co_authors")


def _number(annex: Annex, rest: dict[str, Any]) -> None:
    """Give new sections, authors, tags and sites the numbers that they had."""
    for path in rest["sections"]:
        annex.sections.chain(path)
    annex.persons.restore(rest["authors"], rest["names"])
    for tag in rest["tags"]:
        annex.tags.of([tag.decode()])
    for host in rest["sites"]:
        annex.site(host.decode())
    annex.replaced.extend(rest["replaced"])
    annex.replaced_by.update(zip(rest["replaced"], rest["replaced_by"], strict=True))
    annex.withdrawn.update({row: Status(status) for row, status in rest["withdrawn"].items()})
    for name in _LISTS:
        getattr(annex, name).update({key: np.array(rows, np.int32) for key, rows in rest[name].items()})


def _list(annex: Annex, folder: Path) -> None:
    """Put the arrivals into the lists of their sections and authors."""
    n, ancestors = len(annex.base), annex.sections.ancestors()
    authors, tags = (ListColumn.open(folder, f"{NAME}.{name}") for name in ("authors", "tags"))
    section = annex.numbers["section"].view()[n:].tolist()
    for row, (node, signed, tagged) in enumerate(zip(section, _lists(authors), _lists(tags), strict=True), n):
        annex.enlist(row, ancestors[node][ancestors[node] >= 0].tolist() if node >= 0 else [], signed, tagged)


def _find(annex: Annex, folder: Path) -> None:
    """Let the arrivals be found by id, address, tag and word."""
    n, tags = len(annex.base), annex.tags
    texts = {}
    for place, (key, canonical) in enumerate(zip(annex.ids, annex.canonical, strict=True)):
        annex.name(n + place, key.decode(), canonical.decode())
    tagged = ListColumn.open(folder, f"{NAME}.tags")
    for row, numbers in enumerate(_lists(tagged), n):
        for number in numbers:
            if number not in texts:
                texts[number] = tags.text(number)
            annex.rows_of_tag[texts[number]].append(row)
    words = Lookup.open(folder, f"{NAME}.words", f"{NAME}.word_rows")
    annex.rows_of_word.update(zip((word.decode() for word in _texts(words.texts)), _lists(words.numbers), strict=True))


def _texts(column: TextColumn) -> list[bytes]:
    blob, ends = column.blob.tobytes(), column.offsets.tolist()
    return [blob[start:end] for start, end in pairwise(ends)]


def _lists(column: ListColumn) -> list[list[int]]:
    values, ends = column.values.tolist(), column.offsets.tolist()
    return [values[start:end] for start, end in pairwise(ends)]
