"""The load generators: found, or installed from the distribution, or named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = {"h2load": "nghttp2-client", "wrk": "wrk"}


def require_tools() -> None:
    """Make sure that h2load and wrk are there: installs them as root on Debian, else ends with what to install."""
    missing = [PACKAGES[name] for name in PACKAGES if shutil.which(name) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' '.join(missing)}", file=sys.stderr)
        subprocess.run(["apt-get", "-qq", "update"], check=False)
        subprocess.run(["apt-get", "-qq", "-y", "install", *missing], check=False, stdout=subprocess.DEVNULL)
        missing = [PACKAGES[name] for name in PACKAGES if shutil.which(name) is None]
    if missing:
        sys.exit(f"The benchmarks need the Debian packages {' '.join(missing)}: apt-get install {' '.join(missing)}")
