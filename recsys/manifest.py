"""The first page of a release: what it is, what made it, and the checksum of every file."""

import hashlib
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec

from recsys.errors import ReleaseDamaged, ReleaseFormatError

FORMAT = 5
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size in bytes and SHA-256 (hex) of one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """The embedding model: `fingerprint` names exact weights, settings and precision.

    `max_chars` is how much of a text it is given.
    """

    name: str
    fingerprint: str
    dim: int
    max_chars: int


@dataclass(frozen=True, slots=True)
class Check:
    """A check before publishing: `limit` says in words what `value` had to be."""

    name: str
    value: float
    limit: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Foundation:
    """The full build that a release stands on, whose files it holds, and what the nights since have added to it.

    Attributes:
        id: the release that was built in full; it may be gone by now.
        rows: how many it has.
        change: the store's change number that it showed.
        arrivals: rows after those, of articles that came or changed later.
    """

    id: str
    rows: int
    change: int
    arrivals: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release says of itself.

    Attributes:
        format: version of the folder's layout.
        id: name of the release's folder, sorts by time.
        created_at: ISO 8601, UTC; with `id` the only thing that differs between two builds of one store.
        store: identity of the article store that it was built from.
        change: the store's change number that this release shows.
        articles: how many it shows; of a full build also its number of rows.
        model: what embedded the articles.
        recipe: version of the texts that are compared.
        semantic_base: mean cosine of random pairs of articles under this model, in (-1, 1).
        config: what shaped the build besides store and model.
        counts: how many sections, authors, tags, neighbours and so on.
        index: how the nearest vectors are found: kind, and of an approximate one its effort and its recall at k on
            the rows that the effort was chosen by; of an engine also the `collection`, never its address.
        checks: what was checked before publishing.
        foundation: what it stands on where a night has only added what changed; None for a full build.
        forced: names of failed checks that were overridden with --force.
        files: every other file of the folder.
        digest: SHA-256 over all of the above.
    """

    format: int
    id: str
    created_at: str
    store: int
    change: int
    articles: int
    model: Model
    recipe: int
    semantic_base: float
    config: dict[str, int | float | str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    index: dict[str, int | float | str] = field(default_factory=dict)
    foundation: Foundation | None = None
    checks: list[Check] = field(default_factory=list)
    forced: list[str] = field(default_factory=list)
    files: dict[str, FileRecord] = field(default_factory=dict)
    digest: str = ""

    @property
    def rows(self) -> int:
        """How many rows the files of the full build have."""
        return self.articles if self.foundation is None else self.foundation.rows

    def computed_digest(self) -> str:
        """SHA-256 (hex) over every field but `digest`."""
        return hashlib.sha256(msgspec.json.encode(asdict(replace(self, digest="")), order="deterministic")).hexdigest()

    def signed(self) -> "Manifest":
        """The same manifest with its digest filled in."""
        return replace(self, digest=self.computed_digest())

    def write(self, folder: Path) -> None:
        """Write and fsync `manifest.json`."""
        with (folder / MANIFEST).open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a release folder.

        Raises:
            ReleaseFormatError: another version of the format wrote it.
            ReleaseDamaged: it is missing, not readable, or was altered after it was written.
        """
        path = folder / MANIFEST
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ReleaseDamaged(f"{path}: cannot be read ({error}); roll back or build again") from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: bytes, path: str) -> "Manifest":
        """The manifest that these bytes are; `path` is what errors call it. Raises what `read` does."""
        try:
            raw = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReleaseDamaged(f"{path}: cannot be read ({error}); roll back or build again") from error
        version = raw.get("format") if isinstance(raw, dict) else None
        if isinstance(version, int) and version != FORMAT:
            raise ReleaseFormatError(f"{path}: format {version}, this program reads {FORMAT}; build the release again")
        try:
            manifest = msgspec.convert(raw, cls)
        except msgspec.ValidationError as error:
            raise ReleaseDamaged(f"{path}: {error}; roll back or build again") from error
        if manifest.digest != manifest.computed_digest():
            raise ReleaseDamaged(f"{path}: was altered after it was written; roll back or build again")
        return manifest

    def verify_files(self, folder: Path) -> None:
        """Compare every file with its recorded size and SHA-256, and refuse files that are not listed.

        Raises:
            ReleaseDamaged: names the first file that is missing, extra, of another size or of other content.
        """
        try:
            self._verify_files(folder)
        except OSError as error:  # a release may be pruned while it is read
            raise ReleaseDamaged(f"{folder}: {error}") from error

    def _verify_files(self, folder: Path) -> None:
        found = {path.name for path in folder.iterdir()} - {MANIFEST}
        for name in sorted(found.symmetric_difference(self.files)):
            raise ReleaseDamaged(f"{folder / name}: {'not in the manifest' if name in found else 'is missing'}")
        for name, expected in self.files.items():
            actual_size = (folder / name).stat().st_size
            if actual_size != expected.bytes:
                raise ReleaseDamaged(f"{folder / name}: {actual_size} bytes, the manifest says {expected.bytes}")
            if (actual := sha256_of(folder / name)) != expected.sha256:
                raise ReleaseDamaged(f"{folder / name}: SHA-256 {actual}, the manifest says {expected.sha256}")


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file's content, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_files(folder: Path) -> dict[str, FileRecord]:
    """The `files` entry of a manifest for everything in `folder` but the manifest itself."""
    paths = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    return {path.name: FileRecord(path.stat().st_size, sha256_of(path)) for path in paths}
