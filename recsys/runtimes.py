"""What runs a loaded model: torch on a CPU or a GPU, or openvino. Both read texts alike."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import ConfigError, ModelError
from recsys.token_batches import Tokens

log = logging.getLogger(__name__)
AUTO = "auto"
_ON_CPU, _ON_GPU = 2_048, 16_384  # tokens in a batch: see DECISIONS 49; the latter was never measured


@dataclass(frozen=True, slots=True)
class Runtime:
    """A model that runs.

    Attributes:
        precision: as it reports it.
        device: where: "cpu", "cuda", "cuda:1", "mps".
        read: texts to tokens.
        run: the inputs of one batch to (n, dim) float32 rows, not yet of unit length.
        most_tokens: of a batch, padding counted.
    """

    precision: str
    device: str
    read: Callable[[list[str]], Tokens]
    run: Callable[[Mapping[str, Any]], NDArray[np.float32]]
    most_tokens: int


def chosen_device(device: str) -> str:
    """The torch device that `device` means: for "auto" the GPU (cuda, then mps) where torch has one, else "cpu".

    Raises:
        ConfigError: torch knows no such device, or has none here.
    """
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == AUTO:
        return next(name for name, there in found.items() if there)
    kind = device.partition(":")[0]
    if kind not in found:
        raise ConfigError(f"device {device!r}: choose auto, cpu, cuda, cuda:N or mps")
    if not found[kind]:
        raise ConfigError(f"device {device!r}: torch has none here; choose auto or cpu, or install torch with it")
    return device


def on_torch(network: Any, device: str, threads: int | None) -> Runtime:
    """The network of sentence-transformers in float32 on torch, where it lies: `device`.

    Raises:
        ConfigError: on a GPU, where the environment would make float32 TF32.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    if device.startswith("cuda"):
        _no_tf32()
    prompt = network.prompts.get(network.default_prompt_name) if network.default_prompt_name else None

    def read(texts: list[str]) -> Tokens:
        return tokens_of(network.preprocess(texts, prompt=prompt), len(texts))

    def run(inputs: Mapping[str, Any]) -> NDArray[np.float32]:
        try:
            with torch.inference_mode():
                there = {name: value.to(device) if hasattr(value, "to") else value for name, value in inputs.items()}
                return np.asarray(network(there)["sentence_embedding"].float().cpu().numpy())
        except torch.OutOfMemoryError as error:
            raise ModelError(f"the device {device} has too little free memory: choose --device cpu") from error

    return Runtime("float32", device, read, run, _ON_CPU if device == "cpu" else _ON_GPU)


def on_openvino(network: Any, threads: int | None) -> Runtime:
    """The whole network (transformer, pooling, normalisation) exported as one graph, on the CPU.

    bf16 is asked for by name, because the default differs between CPUs; the precision is what the compiled model
    reports: "bfloat16", or "float32" where the CPU has no bf16.
    """
    import torch

    openvino: Any = import_module("openvino")  # optional, and without types

    class Whole(torch.nn.Module):
        """Tensors in, sentence vectors out: what openvino can trace."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *values: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = self.network(dict(zip(names, values, strict=True)))["sentence_embedding"]
            return vectors

    def read(texts: list[str]) -> Tokens:
        features = network.preprocess(texts)
        return tokens_of({name: one for name, one in features.items() if isinstance(one, torch.Tensor)}, len(texts))

    example = read(["an example", "another example that is longer"]).inputs
    names = tuple(example)
    graph = openvino.convert_model(Whole().eval(), example_input=tuple(example.values()))
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}  # one stream on all threads: one batch at a time
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    core = openvino.Core()
    try:
        compiled = core.compile_model(graph, "CPU", {**options, "INFERENCE_PRECISION_HINT": "bf16"})
    except RuntimeError as error:  # a CPU that cannot: slower, but the vectors and their fingerprint stay true
        log.warning("no bf16 on this CPU, going on in float32: %s", error)
        compiled = core.compile_model(graph, "CPU", {**options, "INFERENCE_PRECISION_HINT": "f32"})
    precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())

    def run(inputs: Mapping[str, Any]) -> NDArray[np.float32]:
        found = compiled([np.ascontiguousarray(inputs[name].numpy()) for name in names])
        return np.array(found[0], dtype=np.float32)  # a copy: openvino's own memory is used again

    named = {"bf16": "bfloat16", "f32": "float32", "f16": "float16"}.get(precision, precision)
    return Runtime(named, "cpu", read, run, _ON_CPU)


def tokens_of(features: Mapping[str, Any], texts: int) -> Tokens:
    """What a network's own `preprocess` made of so many texts; one batch where it has no mask to tell their lengths."""
    mask = features.get("attention_mask")
    if mask is None or getattr(mask, "shape", ())[:1] != (texts,) or mask.ndim != 2:
        return Tokens(features, np.zeros(texts, np.int64), divisible=False)
    lengths = mask.sum(1).numpy().astype(np.int64)
    left = bool(texts) and not bool(mask[:, 0].all())
    return Tokens(features, lengths, left)


def _no_tf32() -> None:
    """float32 is to be float32: TF32 keeps 10 bits of 23, and vectors of a CPU would no longer be comparable.

    For torch of the whole process. Raises ConfigError where the environment insists on it.
    """
    import torch

    torch.set_float32_matmul_precision("highest")
    if torch.get_float32_matmul_precision() != "highest" or os.environ.get("NVIDIA_TF32_OVERRIDE") == "1":
        raise ConfigError("the environment forces TF32 for float32 on the GPU: unset NVIDIA_TF32_OVERRIDE, or use cpu")
