"""One of the kills of ``benchmarks/kills.py``, which has the long form."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.mark.long  # test_interrupted.py kills in every run
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_random_moments_nothing_is_lost() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/kills.py", "--kills", "1"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] == 1
    assert set(found) == {"kills", "runs", "seconds of a whole run"}
