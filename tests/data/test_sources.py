"""Source files: present, with the right hash, or how to get them; never a long wait."""

import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jaxvae.data.sources import MAX_DESCRIBED, SourceFile, describe, host_answers, missing_files
from tests.data.helpers import user_error

HASH = hashlib.sha256(b"content").hexdigest()
FILE, OTHER = (SourceFile(name, f"https://example.org/{name}", HASH, 7) for name in ("a.gz", "b.gz"))


def test_missing_files(tmp_path: Path) -> None:
    assert missing_files([FILE, OTHER], None) == [FILE, OTHER]
    (tmp_path / "b.gz").write_bytes(b"content")
    assert missing_files([FILE, OTHER], tmp_path) == [FILE]
    with user_error("must be a folder", "nowhere", "existing folder"):
        missing_files([FILE], tmp_path / "nowhere")


def test_wrong_hash_names_file_and_both_hashes(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"Content")
    found = hashlib.sha256(b"Content").hexdigest()
    with user_error(str(tmp_path / "a.gz"), HASH, found, "download it again", FILE.url):
        missing_files([FILE], tmp_path)


def test_a_long_list_is_cut() -> None:
    listed = describe([FILE] * (MAX_DESCRIBED + 1234))
    assert listed.count(FILE.url) == MAX_DESCRIBED
    assert listed.endswith("; and 1,234 more files")


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers HEAD with the status that the path names."""

    def do_HEAD(self) -> None:  # noqa: D102 - the base class names it
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(("status", "answers"), [(200, True), (403, True), (405, True), (500, False), (503, False)])
def test_host_answers(host: str, status: int, answers: bool) -> None:
    assert host_answers(f"{host}/{status}") is answers


@pytest.mark.parametrize("url", ["http://nowhere.invalid/a", "http://127.0.0.1:9/a", "no url at all"])
def test_no_host(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    assert not host_answers(url)


def test_a_host_that_never_answers(silent_server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    start = time.monotonic()
    assert not host_answers(f"http://127.0.0.1:{silent_server}/a", seconds=0.3)
    assert time.monotonic() - start < 2


def test_a_name_that_is_looked_up_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """No timeout of a socket reaches the look-up of a name."""

    def look_up(*_: object) -> None:
        time.sleep(3)
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    start = time.monotonic()
    assert not host_answers("http://nowhere.invalid/a", seconds=0.3)
    assert time.monotonic() - start < 2
