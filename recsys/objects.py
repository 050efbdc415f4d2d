"""The objects under a URL: in S3, Google Cloud Storage, Azure Blob Storage, or in a folder.

Only this module imports obstore. Credentials come from the environment, as each store's own programs have it, and are
never part of a URL. What is said of a failure holds no address beyond the object's: a signed one holds a secret.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from recsys.errors import ConfigError, MissingExtra, Overtaken, ReleaseError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "gs", "az", "file")
_PIECE = 4 << 20  # bytes of one request
_TIMEOUT = 120  # seconds of one request; a piece comes in time at 35 kB/s
_RETRIES = 10
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_NOISE = re.compile(r"\?[^\s,)]*|,? (?:in|after) [\d.]+ ?(?:µs|ms|s|m)\b|after \d+ retries[^-]*|<\?xml.*")


@dataclass(frozen=True, slots=True)
class Found:
    """An object's content, and what tells this state of it from others."""

    content: bytes
    e_tag: str | None
    version: str | None


def is_url(place: str) -> bool:
    """Whether this names an object store, not a folder of this host."""
    return "://" in place


def checked_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ConfigError: it is of no store that is known here, or holds more than the place; what it holds is not shown.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError("the URL of the releases cannot be read: write s3://bucket/prefix") from error
    if parts.scheme not in SCHEMES:
        raise ConfigError(
            f"releases cannot lie at {parts.scheme[:20]}://: give {', '.join(f'{s}://' for s in SCHEMES)}"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"{parts.scheme}://… holds more than a place: credentials belong into the environment")
    if not (parts.path.strip("/") if parts.scheme == "file" else parts.netloc):
        raise ConfigError(f"{parts.scheme}:// names no place: write s3://bucket/prefix, or file:///folder")
    return url.rstrip("/")


class Objects:
    """Objects by their key below `url`.

    Every method raises ReleaseError where the store cannot be reached or refuses.
    """

    def __init__(self, url: str, patience: float) -> None:
        """`patience`: seconds > 0 in which a request that fails is tried again.

        Raises:
            ConfigError: the URL cannot be used, or its settings in the environment.
            MissingExtra: obstore is not installed.
        """
        self.url = checked_url(url)
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None
        self._store = _opened(self.url, self._folder, patience)

    def get(self, key: str) -> Found | None:
        """A small object; None where there is none."""
        return self._get(key, {})

    def unless_same(self, key: str, known: Found) -> Found | None:
        """The same, but `known` itself where the object is as it was then; that costs next to nothing."""
        import obstore.exceptions

        try:
            return self._get(key, {"if_none_match": known.e_tag} if known.e_tag else {})
        except obstore.exceptions.NotModifiedError:
            return known

    def pieces(self, key: str, size: int) -> Iterator[bytes]:
        """An object of `size` bytes, piece by piece; less comes of one that is shorter."""
        import obstore

        for start in range(0, size, _PIECE):
            with self._said(key):
                piece = bytes(obstore.get_range(self._store, key, start=start, end=min(start + _PIECE, size)))
            yield piece

    def put_file(self, key: str, path: Path) -> None:
        """Put a file; the object appears whole or not at all."""
        import obstore

        with self._said(key):
            obstore.put(self._store, key, path, max_concurrency=4)

    def copy(self, source: str, key: str) -> None:
        """Let the store copy an object; not every store copies large ones."""
        import obstore

        with self._said(source):
            obstore.copy(self._store, source, key)

    def put(self, key: str, content: bytes, instead_of: Found | None) -> None:
        """Put a small object, in one step, if it still is what it was; None: if there still is none.

        Where the store knows no conditions (S3 with AWS_CONDITIONAL_PUT=disabled), it is looked at just before.

        Raises:
            Overtaken: it is another by now.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, NotSupportedError, PreconditionError

        with self._said(key), self._alone():
            try:
                obstore.put(self._store, key, content, mode=_mode(instead_of), use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                raise Overtaken(f"{self.url}/{key}: somebody else has written it meanwhile") from None
            except (NotImplementedError, NotSupportedError):
                self._put_as_it_was(key, content, instead_of)

    def sizes(self) -> dict[str, int]:
        """Bytes of every object, by key."""
        import obstore

        with self._said(""):
            return {found["path"]: found["size"] for found in obstore.list(self._store).collect()}

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that is not there is no fault."""
        import obstore

        for key in keys:  # one by one: stores differ in what they do with many of which one is missing
            try:
                with self._said(key):
                    obstore.delete(self._store, key)
            except FileNotFoundError:
                continue

    def _get(self, key: str, options: dict[str, Any]) -> Found | None:
        import obstore

        try:
            with self._said(key):
                result = obstore.get(self._store, key, options=options)  # type: ignore[arg-type]
                content = bytes(result.bytes())
        except FileNotFoundError:
            return None
        return Found(content, result.meta["e_tag"], result.meta["version"])

    def _put_as_it_was(self, key: str, content: bytes, instead_of: Found | None) -> None:
        import obstore

        found = self.get(key)
        if (found and (found.content, found.e_tag)) != (instead_of and (instead_of.content, instead_of.e_tag)):
            raise Overtaken(f"{self.url}/{key}: somebody else has written it meanwhile")
        obstore.put(self._store, key, content, use_multipart=False)

    def _alone(self) -> AbstractContextManager[object]:
        """A folder has no conditions of its own; those who write to it wait for each other."""
        return nullcontext() if self._folder is None else FileLock(self._folder.parent / f".{self._folder.name}.lock")

    @contextmanager
    def _said(self, key: str) -> Iterator[None]:
        """Turn the store's errors into ours; an object that is not there, or as it was, the caller tells apart."""
        from obstore.exceptions import BaseError, NotModifiedError

        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" not in str(error):
                raise
            raise ReleaseError(f"{self.url}: there is no such bucket") from None
        except (NotModifiedError, ReleaseError, NotImplementedError):
            raise
        except (BaseError, OSError, ValueError) as error:  # not chained: its own text may hold a signed address
            raise ReleaseError(f"{self.url}/{key}: {_short(str(error))}") from None


def _opened(url: str, folder: Path | None, patience: float) -> "ObjectStore":
    try:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url
    except ImportError as error:
        raise MissingExtra(f"{url} needs obstore: pip install 'news-recsys[object-store]'") from error
    try:
        if folder is not None:
            return LocalStore(folder, automatic_cleanup=True, mkdir=True)
        return from_url(
            url,
            client_options={
                "timeout": timedelta(seconds=_TIMEOUT),
                "connect_timeout": timedelta(seconds=5),
                # read here, as options that are given replace those of the environment
                "allow_http": any(
                    os.environ.get(f"{name}_ALLOW_HTTP", "") == "true" for name in ("AWS", "AZURE", "GOOGLE")
                ),
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=patience)},
        )
    except (BaseError, OSError, ValueError) as error:
        raise ConfigError(f"{url}: {_short(str(error))}") from None


def _mode(instead_of: Found | None) -> Any:
    if instead_of is None:
        return "create"
    tags = {"e_tag": instead_of.e_tag, "version": instead_of.version}
    return {name: tag for name, tag in tags.items() if tag is not None}


def _short(text: str) -> str:
    """The first line of an error, with the store's own word for it, and without what differs each time."""
    code = _CODE.search(text)
    said = _NOISE.sub("", text.partition("\n")[0]).strip(" :-")[:300]
    return f"{said} ({code[1]})" if code else said
