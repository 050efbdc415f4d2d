"""Who sent a webhook: an HMAC-SHA-256 of the raw body under a secret that only the sender has.

Two styles: GitHub's, `X-Hub-Signature-256: sha256=HEX` over the body; and Standard Webhooks (standardwebhooks.com),
`webhook-signature: v1,BASE64` over `ID.TIMESTAMP.BODY`, which also bounds how long a message can be sent again.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.errors import ConfigError

WINDOW = 300  # seconds that a timestamp may differ from the service's clock
_PREFIX = "whsec_"
_SHORTEST = 16  # characters of a secret


class BadSignature(Exception):
    """Why a message is not from the sender. The text never holds a secret or the right signature."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one webhook, each of which opens it: so that a new one can be there before the old one goes."""

    values: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, name: str, path: Path) -> "Secrets":
        """One secret a line. Raises ConfigError, without telling any."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"webhook {name}: the secret in {path} cannot be read: {error}") from error
        values = tuple(line.strip() for line in lines if line.strip())
        if not values:
            raise ConfigError(f"webhook {name}: {path} is empty: it must hold the secret")
        for number, value in enumerate(values, 1):
            if len(value) < _SHORTEST:
                raise ConfigError(f"webhook {name}: secret {number} of {path} is shorter than {_SHORTEST} characters")
            try:
                _key(value)
            except ValueError as error:
                raise ConfigError(f"webhook {name}: secret {number} of {path} is no base64 after {_PREFIX}") from error
        return cls(values)


def signed(headers: Mapping[str, str]) -> bool:
    """Whether there is a signature at all, right or wrong."""
    return "webhook-signature" in headers or "x-hub-signature-256" in headers


def check(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> None:
    """That one of the secrets signed the body; `headers` have names in lower case, `now` is in seconds since 1970.

    A message with Standard Webhooks' signature is judged by that one alone.

    Raises BadSignature.
    """
    if "webhook-signature" in headers:
        _check_standard(headers, body, secrets, now)
        return
    kind, _, sent = headers.get("x-hub-signature-256", "").strip().partition("=")
    if kind != "sha256":
        raise BadSignature("send X-Hub-Signature-256: sha256=…, or Standard Webhooks' three headers")
    expected = [hmac.new(value.encode(), body, "sha256").hexdigest() for value in secrets.values]
    if not _any_equal([sent.lower()], expected):
        raise BadSignature("the signature is not that of this body under the secret")


def _check_standard(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> None:
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise BadSignature("send webhook-id and webhook-timestamp, seconds since 1970, beside webhook-signature")
    text = b".".join((message.encode("utf-8", "surrogatepass"), stamp.encode(), body))
    expected = [base64.b64encode(hmac.digest(_key(value), text, "sha256")).decode() for value in secrets.values]
    sent = [part[3:] for part in headers["webhook-signature"].split() if part.startswith("v1,")]
    if not _any_equal(sent, expected):
        raise BadSignature("the signature is not that of this message under the secret")
    if abs(now - int(stamp)) > WINDOW:
        raise BadSignature(f"the timestamp is more than {WINDOW} seconds from this service's clock: set both, or retry")


def _any_equal(sent: list[str], expected: list[str]) -> bool:
    """In a time that does not tell how much of a signature was right."""
    pairs = [hmac.compare_digest(one.encode("utf-8", "replace"), other.encode()) for one in sent for other in expected]
    return any(pairs)


def _key(secret: str) -> bytes:
    """The bytes that a secret of Standard Webhooks stands for."""
    if secret.startswith(_PREFIX):
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()
