"""The webhook receiver: who may send, what a message does, and that it is durable and visible when it is answered."""

import base64
import hashlib
import hmac
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

import service.__main__
from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.cms import Cms
from recsys.errors import ConfigError, StoreError
from recsys.store import ArticleStore, Outcome
from service import schemas
from service.app import create_app
from service.settings import Settings, Webhook
from service.signatures import WINDOW, BadSignature, Secrets, check
from service.webhook_body import LARGEST, MOST

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
SECRET = "a long and secret text"
STANDARD = "whsec_" + base64.b64encode(b"another secret of some bytes").decode()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


def hub(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def standard(body: bytes, secret: str = STANDARD, stamp: int | None = None, message: str = "msg_1") -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = str(int(NOW.timestamp()) if stamp is None else stamp)
    signature = base64.b64encode(hmac.digest(key, f"{message}.{told}.".encode() + body, "sha256")).decode()
    return {"webhook-id": message, "webhook-timestamp": told, "webhook-signature": f"v1,AAAA v1,{signature} v2,x"}


@dataclass
class Desk:
    """A service with the webhooks `cms` and `std`, its store and its clock."""

    client: TestClient
    store: ArticleStore
    clock: Clock

    def send(self, value: object, name: str = "cms", headers: dict[str, str] | None = None) -> httpx.Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        signed = hub(body) if headers is None else headers
        return self.client.post(f"/v1/webhooks/{name}", content=body, headers=signed)

    def outcomes(self, value: object) -> list[str]:
        response = self.send(value)
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        return [one.outcome for one in schemas.Received.model_validate_json(response.content).results]

    def shown(self) -> list[str]:
        return [item["id"] for item in self.client.get("/v1/articles/a000/similar?k=100").json()["items"]]

    def status(self, key: str) -> Status:
        found = self.store.get(key)
        assert found is not None
        return found.status


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of eight articles and their release."""
    folder = tmp_path_factory.mktemp("night")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)) as store:
        store.put([article(n) for n in range(8)])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    (folder / "cms.secret").write_text(SECRET + "\n")
    (folder / "std.secret").write_text(f"{STANDARD}\n{SECRET}\n")
    return folder


def made(folder: Path) -> Settings:
    hooks = tuple(Webhook(name, folder / f"{name}.secret") for name in ("cms", "std"))
    store = f"sqlite:///{folder / 'articles.db'}"
    return Settings(folder / "releases", store=store, poll_seconds=3600, webhooks=hooks)


@pytest.fixture
def desk(tmp_path: Path, night: Path) -> Iterator[Desk]:
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    found, clock = made(tmp_path), Clock()
    assert found.store is not None
    app = create_app(found, clock)
    with closing(ArticleStore.open(found.store)) as store, TestClient(app, raise_server_exceptions=False) as client:
        yield Desk(client, store, clock)


def problem(response: httpx.Response, status: int, kind: str) -> schemas.Problem:
    assert response.status_code == status, response.text
    found = schemas.Problem.model_validate_json(response.content)
    assert found.type == f"urn:problem-type:{kind}"
    return found


def record(key: str = "new", **more: Any) -> dict[str, Any]:
    return {"id": key, "title": f"Title {key}", "byline": "By Ann Lee", "published_at": "2026-02-01"} | more


# --- what a message does ---


@pytest.mark.parametrize(
    "message",
    [
        record(),
        {"event": "published", "article": record()},
        {"event": "post_updated", **record()},
        {"type": "article.created", "timestamp": "2026-03-01T10:00:00Z", "data": record()},
    ],
)
def test_an_article_is_stored_when_it_is_answered_and_a_second_time_changes_nothing(
    desk: Desk, message: dict[str, Any]
) -> None:
    assert desk.outcomes(message) == ["new"]
    found = desk.store.get("new")
    assert found is not None
    assert (found.title, found.byline) == ("Title new", "By Ann Lee")
    change = desk.store.change()
    assert desk.outcomes(message) == ["unchanged"]
    assert desk.store.change() == change


@pytest.mark.parametrize(
    "message",
    [
        {"event": "deleted", "id": "a003"},
        {"event": "unpublish", "article": {"id": "a003"}},
        {"type": "article.trashed", "data": {"id": "a003"}},
        [{"event": "deleted", "id": "a003"}],
        record("a003", status="canceled"),
    ],
)
def test_what_is_taken_down_is_in_no_list_when_it_is_answered(desk: Desk, message: object) -> None:
    assert "a003" in desk.shown()
    assert desk.outcomes(message) == ["changed"]
    assert desk.status("a003") is Status.CANCELED
    assert "a003" not in desk.shown()
    problem(desk.client.get("/v1/articles/a003/similar"), 404, "article-withdrawn")
    assert desk.outcomes(message) == ["unchanged"]


def test_it_is_in_force_when_it_is_answered_where_the_store_is_no_sqlite_file(
    night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks at each request then whether the store was written to; the receiver waits for the view itself."""
    monkeypatch.setattr("service.live.Watch.of", lambda url: None)
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    found = made(tmp_path)
    assert found.store is not None
    with closing(ArticleStore.open(found.store)) as store, TestClient(create_app(found, Clock())) as client:
        desk = Desk(client, store, Clock())
        assert "a003" in desk.shown()
        assert desk.outcomes({"event": "deleted", "id": "a003"}) == ["changed"]
        assert "a003" not in desk.shown()


def test_a_list_is_done_in_its_order_and_keeps_the_links_of_what_is_taken_down(desk: Desk) -> None:
    body = '<a href="https://paper.example/story/1">one</a>'
    messages = [record(body=body), {"event": "deleted", "id": "new"}, {"event": "deleted", "id": "never"}, record("b")]
    assert desk.outcomes(messages) == ["new", "changed", "unknown", "new"]
    assert desk.status("new") is Status.CANCELED
    assert desk.store.links("new") == ("https://paper.example/story/1",)
    assert desk.store.get("never") is None


def test_a_message_that_comes_late_does_not_undo_a_later_one(desk: Desk) -> None:
    old, young = (record(title=f"At {hour}", updated_at=f"2026-03-01T{hour}:00:00Z") for hour in ("10", "11"))
    assert desk.outcomes([young, old]) == ["new", "stale"]
    assert desk.outcomes(old) == ["stale"]
    found = desk.store.get("new")
    assert found is not None
    assert found.title == "At 11"


def test_what_was_taken_down_comes_back_with_a_later_version_only(desk: Desk) -> None:
    one, late, later = (record(updated_at=(NOW + timedelta(hours=hour)).isoformat()) for hour in (-2, -1, 1))
    assert desk.outcomes([one, {"event": "deleted", "id": "new"}]) == ["new", "changed"]
    assert desk.outcomes(one) == ["unchanged"], "sent again, by whoever kept it"
    assert desk.outcomes(late) == ["changed"], "kept, but it went when that was said, as no other moment is told"
    assert desk.status("new") is Status.CANCELED
    assert desk.outcomes(later) == ["changed"]
    assert desk.status("new") is Status.USABLE


def test_what_a_webhook_takes_down_is_a_takedown_in_its_name_with_its_reason(desk: Desk) -> None:
    message = {"event": "deleted", "id": "a003", "reason": "libel"}
    (told,) = desk.send(message).json()["results"]
    assert told == {"id": "a003", "outcome": "changed", "taken_down": True}
    (standing,) = desk.store.takedowns.standing()
    assert (standing.article_id, standing.who, standing.reason) == ("a003", "webhook cms", "libel")
    assert [entry.who for entry in desk.store.desk.log()] == ["webhook cms"]
    assert desk.store.put([article(3)]) == [Outcome.UNCHANGED], "an old export"
    assert "a003" not in desk.shown()


def test_the_moment_that_an_event_tells_is_when_the_article_went(desk: Desk) -> None:
    hours = [(NOW - timedelta(hours=hour)).isoformat() for hour in (5, 4, 3, 2)]
    gone = {"type": "article.deleted", "timestamp": hours[1], "data": {"id": "new", "updated_at": hours[0]}}
    assert desk.outcomes([record(updated_at=hours[0]), gone]) == ["new", "changed"]
    assert desk.outcomes(record(updated_at=hours[2])) == ["changed"]
    assert desk.status("new") is Status.USABLE
    assert desk.outcomes(gone) == ["stale"], "it comes late: the article was published again since"
    assert desk.status("new") is Status.USABLE


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_in_any_order_and_number_the_latest_version_stays(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int]
) -> None:
    from recsys.records import read

    folder = tmp_path_factory.mktemp("order")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'a.db'}", create=True)) as store:
        for hour in hours:
            sent = record(title=str(hour), updated_at=f"2026-03-01T0{hour}:00:00Z")
            store.cms.take([read(sent, {}, NOW)], "webhook cms", NOW)
        found = store.get("new")
    assert found is not None
    assert found.title == str(max(hours))


# --- who may send ---


def test_both_styles_of_signature_open(desk: Desk) -> None:
    body = json.dumps(record()).encode()
    assert desk.send(body, "cms", hub(body)).status_code == 200
    assert desk.send(body, "std", standard(body)).status_code == 200
    assert desk.send(body, "std", hub(body)).status_code == 200, "the second secret of the file"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha256=é".encode().decode("latin-1")},
        {"X-Hub-Signature-256": "sha1=" + hub(b"{}")["X-Hub-Signature-256"][7:]},
        {"X-Hub-Signature": hub(b"{}")["X-Hub-Signature-256"]},
        hub(b"{} "),
        hub(b"{}", "another secret text"),
        standard(b"{} "),
        standard(b"{}") | {"webhook-id": "msg_2"},
        standard(b"{}") | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        standard(b"{}") | {"webhook-timestamp": "soon"},
        standard(b"{}") | {"webhook-signature": "v1,"},
        standard(b"{}", stamp=int(NOW.timestamp()) - WINDOW - 1),
        standard(b"{}", stamp=int(NOW.timestamp()) + WINDOW + 1),
        hub(b"{}") | {"webhook-signature": "v1,AAAA"},
    ],
)
def test_without_a_right_signature_nothing_is_read(desk: Desk, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    response = desk.client.post("/v1/webhooks/std", content=b"{}", headers=encoded)  # type: ignore[arg-type]
    problem(response, 401, "signature-refused")
    assert problem(desk.send(b"{}", "std", hub(b"{}")), 422, "bad-parameters"), "the body that is right with its own"


def test_a_message_within_the_window_is_taken(desk: Desk) -> None:
    body = json.dumps(record()).encode()
    for stamp in (int(NOW.timestamp()) - WINDOW, int(NOW.timestamp()) + WINDOW):
        assert desk.send(body, "std", standard(body, stamp=stamp)).status_code == 200


@given(st.binary(max_size=60), st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_a_flipped_byte_of_the_body_or_the_signature_is_refused(
    body: bytes, place: int, flip: int, of_body: bool
) -> None:
    secrets = Secrets((SECRET,))
    headers = {name.lower(): value for name, value in hub(body).items()}
    check(headers, body, secrets, 0.0)
    if of_body and body:
        body = body[: place % len(body)] + bytes([body[place % len(body)] ^ flip]) + body[place % len(body) + 1 :]
    else:
        digits = headers["x-hub-signature-256"]
        at = 7 + place % 64
        headers["x-hub-signature-256"] = (
            digits[:at] + f"{(int(digits[at], 16) + 1 + flip % 15) % 16:x}" + digits[at + 1 :]
        )
    with pytest.raises(BadSignature):
        check(headers, body, secrets, 0.0)


def test_another_name_is_a_404_and_a_service_without_webhooks_has_none(desk: Desk, night: Path) -> None:
    problem(desk.send(record(), "other"), 404, "webhook-not-found")
    with TestClient(create_app(Settings(night / "releases", store=f"sqlite:///{night / 'articles.db'}"))) as client:
        assert client.post("/v1/webhooks/cms", content=b"{}", headers=hub(b"{}")).status_code == 404
        assert "/v1/webhooks/{name}" not in client.get("/openapi.json").json()["paths"]


def test_no_secret_is_told_anywhere(desk: Desk, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    answer = desk.send(b"{}", "cms", hub(b"{}", "another secret text"))
    right = hub(b"{}")["X-Hub-Signature-256"][7:]
    told = (
        answer.text + caplog.text + repr(Secrets((SECRET,))) + repr(made(tmp_path)) + repr(made(tmp_path).as_environ())
    )
    assert SECRET not in told
    assert right not in told
    assert "webhook cms: refused" in caplog.text


# --- what cannot be used ---


@pytest.mark.parametrize(
    ("message", "where"),
    [
        (b"{", "body"),
        (b'"text"', "body"),
        (record(title=""), "body.title"),
        ({"id": "a"}, "body.title"),
        ([record(), record("b", authors=3)], "body.1.authors"),
        ({"event": "deleted"}, "body.id"),
        ({"event": "danced", "id": "a"}, "body.event"),
        ({"event": 3, "id": "a"}, "body.event"),
        ({"type": "article.danced", "data": {}}, "body.type"),
        ([record()] * (MOST + 1), "body"),
        (b"[" * 5000, "body"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_of_it_is_stored(desk: Desk, message: object, where: str) -> None:
    change = desk.store.change()
    found = problem(desk.send(message), 422, "bad-parameters")
    assert [one.where for one in found.errors] == [where]
    assert desk.store.change() == change


def test_a_body_that_is_too_large_is_a_413_before_it_is_hashed(desk: Desk) -> None:
    problem(desk.send(b"x" * (LARGEST + 1), headers={"X-Hub-Signature-256": "sha256=00"}), 413, "body-too-large")


def test_a_store_that_fails_is_a_503_that_says_when_to_send_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Cms, "take", full)
        response = desk.send(record())
    problem(response, 503, "store-unavailable")
    assert response.headers["retry-after"] == "10"
    assert desk.shown(), "reading goes on"
    assert desk.outcomes(record()) == ["new"]


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "title", "event", "type", "data", "article", "authors"]), inner)
        ),
        max_leaves=8,
    )
)
def test_no_message_makes_the_reader_fail_with_anything_but_a_422(value: object) -> None:
    from service.problems import Problem
    from service.webhook_body import said

    try:
        said(json.dumps(value).encode(), NOW)
    except Problem as error:
        refused = error
    else:
        return
    assert refused.status_code == 422
    assert refused.errors


# --- settings and OpenAPI ---


def test_webhooks_are_settings_that_reach_the_workers() -> None:
    given = {"RECSYS_RELEASES": "r", "RECSYS_STORE": "sqlite:///x.db", "RECSYS_WEBHOOKS": "cms:/a b/s, std:t.txt"}
    found = Settings.read(given)
    assert found.webhooks == (Webhook("cms", Path("/a b/s")), Webhook("std", Path("t.txt")))
    assert Settings.read(found.as_environ()) == found
    assert Settings.read(given, {"webhooks": ("one:f",)}).webhooks == (Webhook("one", Path("f")),)


@pytest.mark.parametrize("text", ["cms", "cms:", ":file", "a/b:file", "cms:a,cms:b"])
def test_a_webhook_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="NAME:SECRET-FILE"):
        Settings.read({"RECSYS_RELEASES": "r", "RECSYS_STORE": "s", "RECSYS_WEBHOOKS": text})


def test_webhooks_without_a_store_are_refused() -> None:
    with pytest.raises(ConfigError, match="webhooks need a store"):
        Settings.read({"RECSYS_RELEASES": "r", "RECSYS_WEBHOOKS": "cms:f"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "cannot be read"), ("\n", "is empty"), ("short", "shorter than 16"), ("whsec_" + "é" * 20, "no base64")],
)
def test_a_secret_that_cannot_be_used_stops_the_start_with_2(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "s").write_text(text, encoding="utf-8")
    arguments = ["--releases", str(tmp_path), "--store", "sqlite:///x.db", "--webhooks", f"cms:{tmp_path / 's'}"]
    result = CliRunner().invoke(service.__main__.main, arguments)
    assert result.exit_code == 2
    assert reason in result.output


def test_openapi_documents_the_webhook(desk: Desk) -> None:
    operation = desk.client.get("/openapi.json").json()["paths"]["/v1/webhooks/{name}"]["post"]
    assert set(operation["responses"]) == {"200", "401", "404", "413", "422", "503"}
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    schemas.Received.model_validate_json(msgspec.json.encode(example))
    assert desk.outcomes(operation["requestBody"]["content"]["application/json"]["example"]) == ["new"]
