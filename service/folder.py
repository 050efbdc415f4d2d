"""The folder of releases: which is to be served, and whether it can be."""

import logging
from pathlib import Path

from recsys.engine import Engine
from recsys.errors import NoRelease, ReleaseDamaged, ReleaseError
from recsys.recommender import Recommender
from recsys.release import Release, current_id
from recsys.seal import verify_once
from service.trouble import Trouble

log = logging.getLogger(__name__)

Signature = tuple[tuple[str, int, int], ...]  # name, size, time of change of every file


class Folder:
    """A folder of releases; it may be missing.

    Args:
        engine: proposes near rows for the releases that have a collection in it.
    """

    def __init__(self, path: Path, engine: Engine | None = None) -> None:
        self._path, self._engine = path, engine
        self._refused: tuple[str, Signature] | None = None
        self._trouble = Trouble(log)

    def other_than(self, served: Release | None) -> Release | None:
        """The release that `CURRENT` names, opened and tried out, if it is not the one served and can be served."""
        try:
            name = current_id(self._path)
        except (ReleaseError, OSError) as error:
            missing = isinstance(error, NoRelease) and served is None
            self._trouble.found(str(error), level=logging.INFO if missing else logging.ERROR)
            return None
        self._trouble.over(f"{self._path} can be read")
        if served is not None and served.id == name:
            self._refused = None
            return None
        return self._opened(name, served)

    def _opened(self, name: str, served: Release | None) -> Release | None:
        folder = self._path / name
        found = (name, _signature(folder))
        if found == self._refused:  # said once; tried again when a file of it changes or CURRENT names another
            return None
        try:
            verify_once(folder)
            release = Release.open(folder, verify=False, engine=self._engine)
            _try_out(release)
        except (ReleaseError, OSError) as error:
            stays = f"{served.id} stays" if served else "nothing is served"
            log.error("release %s is refused, %s: %s", name, stays, error)
            self._refused = found
            return None
        self._refused = None
        if self._engine is None and "collection" in release.manifest.index:
            log.warning("%s: near rows are found by an engine; without --engine all are compared, slowly", name)
        return release


def _try_out(release: Release) -> None:
    """Ask for the lists of a few articles: checksums cannot see a fault of the build itself.

    It also opens what the release opens late, so that nothing is missing when the folder is pruned while it is served.

    Raises:
        ReleaseDamaged: a list cannot be made.
    """
    recommender = Recommender(release)
    try:
        release.section_node("")
        for row in {0, len(release) // 2, len(release) - 1} if len(release) else ():
            recommender.related(release.ids[row], coverage=1)
    except Exception as error:
        raise ReleaseDamaged(f"{release.path}: its lists cannot be made ({error!r}); roll back") from error


def _signature(folder: Path) -> Signature:
    """Changes when any file of the folder does; costs a look at each, so it is asked only of a release not served."""
    try:
        found = [(path.name, path.stat()) for path in folder.iterdir()]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found))
