"""The audit of the pinned packages, asked of a service in this process that speaks as OSV does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from conftest import ROOT

HOLE = {
    "id": "PYSEC-2022-9",
    "summary": "A hole.",
    "affected": [
        {
            "package": {"name": "pillow", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.0.1"}]}],
        }
    ],
}


@contextmanager
def service(with_hole: tuple[str, ...], status: int = 200) -> Iterator[str]:
    """Its address. It knows ``HOLE`` in these versions of whatever it is asked for."""

    class Osv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps({"vulns": [HOLE]} if asked["version"] in with_hole else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def audit(tmp_path: Path, url: str, pinned: str = "pillow==9.0.0\nnumpy==2.4.6  # fine\n") -> subprocess.CompletedProcess[str]:
    (tmp_path / "pinned.txt").write_text(pinned)
    command: list[str | Path] = [sys.executable, ROOT / "scripts" / "audit.py", tmp_path / "pinned.txt", "--service", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_known_hole_fails_and_says_what_mends_it(tmp_path: Path) -> None:
    with service(with_hole=("9.0.0",)) as url:
        done = audit(tmp_path, url)
        well = audit(tmp_path, url, "pillow==12.3.0\n")
    assert done.returncode == 1, done.stderr
    assert "9.0.1" in done.stdout and "numpy" not in done.stdout
    assert well.returncode == 0 and "NOT audited" not in well.stdout


@pytest.mark.parametrize(("status", "with_hole"), [(404, ("9.0.0",)), (200, ())])
def test_who_does_not_know_is_said_to_have_been_asked_in_vain(tmp_path: Path, status: int, with_hole: tuple[str, ...]) -> None:
    with service(with_hole, status) as url:
        done = audit(tmp_path, url)
    assert done.returncode == 0 and "NOT audited" in done.stdout


def test_where_there_is_no_service_nothing_fails(tmp_path: Path) -> None:
    with service(()) as url:
        pass
    done = audit(tmp_path, url)
    assert done.returncode == 0 and "NOT audited" in done.stdout
