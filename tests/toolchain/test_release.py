from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.sources import reach, release
from toolchain.sources.reach import Unreachable, open_url
from toolchain.tool import Download, Tool

DIGEST = hashlib.sha256(b"x").hexdigest()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def vendor(site: Path) -> Iterator[str]:
    """Base URL of a vendor's site that serves the folder `site`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[[Download], Path]:
    def run(download: Download) -> Path:
        into = tmp_path / "into"
        into.mkdir(exist_ok=True)
        tool = Tool("example", "1.2.3", ("example",), recipes=(), releases=(download,))
        release.fetch(tool, into, Step("example"))
        return into

    return run


def _closed_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_downloads_a_file_that_matches_its_checksum(site: Path, vendor: str, fetch: Callable[[Download], Path]) -> None:
    (site / "example-1.2.3").write_bytes(b"x")
    (site / "SUMS").write_text(f"{'0' * 64}  other\n{DIGEST}  example-1.2.3\n")
    into = fetch(Download(vendor + "/moved/example-{version}", vendor + "/SUMS", save_as="example"))
    assert (into / "example").read_bytes() == b"x"
    assert (into / "example").stat().st_mode & 0o111


def test_throws_away_a_file_of_another_checksum(
    site: Path, vendor: str, fetch: Callable[[Download], Path], tmp_path: Path
) -> None:
    (site / "example").write_bytes(b"tampered")
    (site / "SUMS").write_text(f"{DIGEST}  example\n")
    with pytest.raises(UserError, match="checksum differs"):
        fetch(Download(vendor + "/example", vendor + "/SUMS", save_as="example"))
    assert list((tmp_path / "into").iterdir()) == []


def test_unpacks_the_named_members_of_an_archive(site: Path, vendor: str, fetch: Callable[[Download], Path]) -> None:
    with tarfile.open(site / "example.tar.gz", "w:gz") as tar:
        for name in ("example-1.2.3/example", "example-1.2.3/README"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    digest = hashlib.sha256((site / "example.tar.gz").read_bytes()).hexdigest()
    (site / "SUMS").write_text(f"{digest}  ./example.tar.gz\n")
    members = {"example-{version}/example": "example"}
    into = fetch(Download(vendor + "/example.tar.gz", vendor + "/SUMS", members))
    assert [file.name for file in into.iterdir()] == ["example"]


def test_a_file_that_the_site_lacks_is_unreachable(vendor: str, fetch: Callable[[Download], Path]) -> None:
    with pytest.raises(Unreachable, match="answers 404"):
        fetch(Download(vendor + "/example", vendor + "/SUMS"))


def test_a_refused_connection_is_unreachable_and_remembered() -> None:
    port = _closed_port()
    url = f"http://127.0.0.1:{port}/file"
    with pytest.raises(Unreachable, match="cannot be reached"):
        open_url(url)
    assert ("127.0.0.1", port) in reach._verdicts
    with pytest.raises(Unreachable, match="cannot be reached"):
        open_url(url)


def test_a_site_that_accepts_and_says_nothing_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "CONNECT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unreachable, match="cannot be reached"):
            open_url(f"https://127.0.0.1:{port}/file")


@pytest.mark.parametrize(
    "listing",
    [
        f"{DIGEST}\n",
        f"{DIGEST.upper()}  file\n",
        f"{DIGEST} *file\n",
        f"{DIGEST}  ./file\n",
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{DIGEST}  file\n-----BEGIN PGP SIGNATURE-----\n",
    ],
)
def test_reads_the_checksum_lists_of_vendors(listing: str) -> None:
    assert release.published_digest(listing, "file") == ("sha256", DIGEST)


@pytest.mark.parametrize("listing", ["", "<html>sign in</html>", f"{DIGEST}  another\n", f"{'a' * 40}  file\n"])
def test_rejects_a_list_without_a_usable_checksum(listing: str) -> None:
    with pytest.raises(Unreachable, match="no usable checksum"):
        release.published_digest(listing, "file")
