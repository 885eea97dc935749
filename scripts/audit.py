"""Are there known holes in the packages that are pinned? A part of ``make check``.

    python scripts/audit.py [FILE] [--service URL]

``pip-audit`` asks the advisories of OSV (osv.dev) for the name and version of each package in FILE, constraints.txt unless said
otherwise. It fails where there is a hole, and names the version that mends it. Where the service cannot be reached nothing is
known: that is said and is no failure, for a check has to work without a network too. PyPI's own service is not asked, because a
mirror without it knows none of the packages, which looks like good news.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

PINNED = Path(__file__).parents[1] / "constraints.txt"
OSV = "https://api.osv.dev/v1/query"
KNOWN = {"package": {"name": "pillow", "ecosystem": "PyPI"}, "version": "9.0.0"}  # has holes: who knows of none, is not asked


def out_of_reach(service: str) -> str | None:
    """Why it cannot be asked; None when it can."""
    try:
        with urlopen(Request(service, json.dumps(KNOWN).encode()), timeout=10) as answer:
            known = json.load(answer).get("vulns")
    except (OSError, ValueError, AttributeError) as error:
        return str(error)
    return None if known else "it knows of no hole where there is one"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=PINNED, metavar="FILE")
    parser.add_argument("--service", default=OSV, metavar="URL")
    options = parser.parse_args()
    why = out_of_reach(options.service)
    if why:
        print(f"The packages were NOT audited for known holes: {options.service} could not be asked ({why}).")
        return 0
    audit = [sys.executable, "-m", "pip_audit", "--requirement", str(options.file), "--no-deps", "--disable-pip"]
    return subprocess.call(
        [*audit, "--vulnerability-service", "osv", "--osv-url", options.service, "--progress-spinner", "off"]
    )


if __name__ == "__main__":
    sys.exit(main())
