"""The committed console is what its source builds: `make console` keeps the hashes of both in console/built.json."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[5]
SOURCE = ROOT / "console"
STATIC = ROOT / "python/salver/server/admin/console/static"
BUILT = json.loads((SOURCE / "built.json").read_text())
INPUTS = ("build.mjs", "package.json", "package-lock.json", "tsconfig.json", "src")


def hashes(root, paths):
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_it_was_built_from_these_sources():
    assert hashes(SOURCE, [SOURCE / name for name in INPUTS]) == BUILT["sources"], "run `make console`"


def test_what_was_built_is_what_is_committed():
    assert hashes(STATIC, [STATIC]) == BUILT["files"], "run `make console`"


def test_it_asks_nobody_else():
    # The only addresses in it are names of formats, which nothing fetches.
    for file in STATIC.glob("*.[hcj]*"):
        text = file.read_text().replace("http://www.w3.org/", "")
        assert "http://" not in text, file.name
        assert "https://" not in text, file.name
