"""A release that is being built, for steps of the night that ask it as if it were finished."""

from collections.abc import Callable
from pathlib import Path

from recsys.manifest import Manifest
from recsys.ranked import Ranked
from recsys.release import Release


class Building:
    """A release without ranked lists. It is sent to another process as the place where it lies.

    Args:
        folder: where its files are.
        manifest: what it will say of itself, as far as that is known.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.release = Release(folder, manifest, Ranked.none(manifest.articles))

    def __reduce__(self) -> tuple[Callable[[Path, Manifest], "Building"], tuple[Path, Manifest]]:
        return Building, (self.release.path, self.release.manifest)
