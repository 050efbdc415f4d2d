"""Releases in an object store, for any number of hosts.

    s3://bucket/prefix/
    ├── CURRENT                      the id of the release that is served
    └── 20260301T021500250Z-9f2c41d7/
        ├── manifest.json            put last: a release without it is an upload that was not finished
        └── …                        the files of a release folder, under their own names

`CURRENT` is replaced in one put, on the condition that it is what it was when the night began: of two nights that
overlap one fails. A release is immutable; replicas compare every file with the manifest.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from recsys.errors import NoRelease, Overtaken, ReleaseDamaged, ReleaseError
from recsys.manifest import MANIFEST, FileRecord, Manifest
from recsys.objects import Found, Objects
from recsys.release import CURRENT, RELEASE_ID

PATIENT, BRISK = 180.0, 10.0  # seconds that a job and a service go on with a request that fails
_AT_ONCE = 8  # requests


@dataclass(frozen=True, slots=True)
class Pointer:
    """What `CURRENT` says; `release` is None where that is no release's id."""

    release: str | None
    found: Found


class ReleaseStore:
    """The releases below a URL.

    Every method raises ReleaseError where the store cannot be reached or refuses.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @classmethod
    def open(cls, url: str, patience: float = PATIENT) -> "ReleaseStore":
        """The store at `s3://bucket/prefix`, `gs://…`, `az://container/prefix` or `file:///folder`.

        Raises:
            ConfigError: the URL or its settings in the environment cannot be used.
            MissingExtra: obstore is not installed.
        """
        return cls(Objects(url, patience))

    @property
    def url(self) -> str:
        """Where it is; holds no secrets."""
        return self._objects.url

    def current(self, known: Pointer | None = None) -> Pointer | None:
        """What `CURRENT` says, `known` itself where that has not changed, None where nothing is published."""
        if known is None:
            found = self._objects.get(CURRENT)
        elif (found := self._objects.unless_same(CURRENT, known.found)) is known.found:
            return known
        if found is None:
            return None
        text = found.content.decode("ascii", errors="replace")
        whole = text.endswith("\n") and RELEASE_ID.fullmatch(text.removesuffix("\n"))
        return Pointer(text.strip() if whole else None, found)

    def current_id(self) -> str:
        """The id that `CURRENT` names.

        Raises:
            NoRelease: there is no `CURRENT`.
            ReleaseDamaged: what it holds is not a release id.
        """
        pointer = self.current()
        if pointer is None:
            raise NoRelease(f"{self.url}: nothing is published yet; run `python -m index nightly`")
        return self.named(pointer)

    def named(self, pointer: Pointer) -> str:
        """The id of the release that a pointer names, or ReleaseDamaged."""
        if pointer.release is None:
            text = pointer.found.content[:60]
            raise ReleaseDamaged(f"{self.url}/{CURRENT}: holds {text!r}, not a release id; `python -m index rollback`")
        return pointer.release

    def point_at(self, release: str, instead_of: Pointer | None) -> None:
        """Replace `CURRENT`, in one step, if it is still what it was.

        Raises:
            Overtaken: it is not; nothing was changed.
        """
        try:
            self._objects.put(CURRENT, f"{release}\n".encode(), instead_of.found if instead_of else None)
        except Overtaken:
            pointer = self.current()
            if pointer is None or pointer.release != release:  # else it was our own put, whose answer was lost
                raise

    def listing(self) -> dict[str, dict[str, int]]:
        """Bytes of each file of each release, newest first; one without a manifest is not whole."""
        found: dict[str, dict[str, int]] = {}
        for key, size in sorted(self._objects.sizes().items(), reverse=True):
            release, _, name = key.partition("/")
            if RELEASE_ID.fullmatch(release) and name:
                found.setdefault(release, {})[name] = size
        return found

    def ids(self) -> list[str]:
        """Names of all releases that have a manifest, newest first."""
        return [release for release, files in self.listing().items() if MANIFEST in files]

    def manifest(self, release: str) -> Manifest:
        """The manifest of a release.

        Raises:
            NoRelease: there is none.
            ReleaseDamaged, ReleaseFormatError: it cannot be used.
        """
        where = f"{self.url}/{release}/{MANIFEST}"
        found = self._objects.get(f"{release}/{MANIFEST}")
        if found is None:
            raise NoRelease(f"{where}: is not there; `python -m index releases` lists what is")
        manifest = Manifest.parse(found.content, where)
        if manifest.id != release:
            raise ReleaseDamaged(f"{where}: says it is of {manifest.id}")
        for name in manifest.files:
            if name in (".", "..", MANIFEST) or not name or Path(name).name != name or "\\" in name:
                raise ReleaseDamaged(f"{where}: {name!r} is no name of a file")
        return manifest

    def check_sizes(self, manifest: Manifest) -> None:
        """Compare names and sizes of all objects of a release, at the cost of one request.

        Raises:
            ReleaseDamaged: names the first file that is missing, extra or of another size.
        """
        found = self.listing().get(manifest.id, {})
        expected = {name: record.bytes for name, record in manifest.files.items()}
        for name in sorted(found.keys() - expected.keys() - {MANIFEST}):
            raise ReleaseDamaged(f"{self.url}/{manifest.id}/{name}: not in the manifest")
        for name, size in expected.items():
            if found.get(name) != size:
                is_there = f"{found[name]} bytes" if name in found else "is missing"
                raise ReleaseDamaged(f"{self.url}/{manifest.id}/{name}: {is_there}, the manifest says {size} bytes")

    def upload(self, folder: Path, manifest: Manifest, like: Manifest | None = None) -> None:
        """Put all files of a finished release folder, `manifest.json` last; `CURRENT` stays as it is.

        What the release `like` has of the same content, the store is asked to copy.
        """
        known = {} if like is None else like.files

        def put(name: str, record: FileRecord) -> None:
            if like is None or known.get(name) != record or not self._copied(like.id, manifest.id, name):
                self._send(folder, manifest.id, name)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sent = [pool.submit(put, name, record) for name, record in manifest.files.items()]
            try:
                for one in sent:
                    one.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self._send(folder, manifest.id, MANIFEST)
        self.check_sizes(manifest)

    def verify(self, release: str) -> Manifest:
        """Compare every object of a release with its checksum; raises what is wrong with it."""
        manifest = self.manifest(release)
        self.check_sizes(manifest)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done = [pool.submit(self.read, release, name, record, len) for name, record in manifest.files.items()]
            for one in done:
                one.result()
        return manifest

    def read(self, release: str, name: str, record: FileRecord, take: Callable[[bytes], object]) -> None:
        """Hand a file to `take`, piece by piece.

        Raises:
            ReleaseDamaged: what came is not what the manifest says; what was taken must not be used.
        """
        digest, where = sha256(), f"{self.url}/{release}/{name}"
        try:
            for piece in self._objects.pieces(f"{release}/{name}", record.bytes):
                digest.update(piece)
                take(piece)
        except FileNotFoundError:
            raise ReleaseDamaged(f"{where}: is missing") from None
        if (actual := digest.hexdigest()) != record.sha256:
            raise ReleaseDamaged(f"{where}: SHA-256 {actual}, the manifest says {record.sha256}")

    def remove(self, release: str, names: list[str]) -> None:
        """Delete the files of a release, the manifest first: at no moment is one listed that is not whole."""
        first, *rest = [f"{release}/{name}" for name in (MANIFEST, *(name for name in names if name != MANIFEST))]
        self._objects.delete([first])
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda key: self._objects.delete([key]), rest))

    def _copied(self, source: str, release: str, name: str) -> bool:
        """Whether the store has copied a file of one release to another."""
        try:
            self._objects.copy(f"{source}/{name}", f"{release}/{name}")
        except (ReleaseError, FileNotFoundError):  # too large for one request, or away: it is put instead
            return False
        return True

    def _send(self, folder: Path, release: str, name: str) -> None:
        self._objects.put_file(f"{release}/{name}", folder / name)
