"""The compile cache: never outdated, chosen by the user where they choose, and dispensable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from investiq.core import compiling

PACKAGE = Path(compiling.__file__).parents[1]

HELPER = """
from investiq.core.compiling import jit

@jit
def fee(notional):
    return notional * 0.001
"""
KERNEL = """
from investiq.core.compiling import jit
from investiq.probe_helper import fee

@jit
def after_fee(notional):
    return notional - fee(notional)
"""
RUN = """
import numba
from investiq import probe
from investiq.core import compiling
state = compiling.cache_state()
was_ready = compiling.is_ready(probe.after_fee)
print(probe.after_fee(1000.0), was_ready, compiling.is_ready(probe.after_fee), state.folder, numba.config.CACHE_DIR, state.reason, sep="|")
"""


@pytest.fixture
def copied(tmp_path):
    """A copy of the compiler's half of the package with a kernel that calls a helper in another file."""
    package = tmp_path / "investiq"
    shutil.copytree(PACKAGE / "core", package / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").touch()
    (package / "probe_helper.py").write_text(HELPER)
    (package / "probe.py").write_text(KERNEL)
    return tmp_path


def run(folder: Path, **environment: str) -> list[str]:
    """Run the kernel in a fresh process: value, ready before, ready after, cache folder, numba's folder, reason."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**kept, "PYTHONPATH": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip("\n").split("|")


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's")
def test_an_edited_helper_is_seen_by_the_cached_kernel_that_calls_it(copied):
    home = {"XDG_CACHE_HOME": str(copied / "cache")}
    value, was_ready, is_ready, folder, others, reason = run(copied, **home)
    assert (float(value), was_ready, is_ready, reason) == (999.0, "False", "True", "")
    assert Path(folder).parent == copied / "cache" / "investiq" / "compiled"
    # What other packages compile stays where they had it.
    assert others == ""

    # The second process finds it on disk.
    assert run(copied, **home)[:2] == ["999.0", "True"]

    # numba by itself looks at the kernel's own file only, and would answer 999 again.
    (copied / "investiq" / "probe_helper.py").write_text(HELPER.replace("0.001", "0.002"))
    value, was_ready, _, edited_folder, *_ = run(copied, **home)
    assert (float(value), was_ready) == (998.0, "False")
    assert edited_folder != folder


def test_a_cache_folder_of_the_users_own_is_used(copied):
    value, _, _, folder, others, _ = run(copied, NUMBA_CACHE_DIR=str(copied / "mine"))
    assert float(value) == 999.0
    assert Path(folder).parent == copied / "mine" / "investiq"
    assert others == str(copied / "mine")
    assert list(Path(folder).rglob("probe.after_fee-*.nbi"))


def test_without_a_writable_cache_everything_still_computes(copied):
    blocked = copied / "blocked"
    blocked.write_text("a file where a folder should be")
    value, was_ready, is_ready, folder, _, reason = run(copied, NUMBA_CACHE_DIR=str(blocked))
    assert (float(value), was_ready, is_ready, folder) == (999.0, "False", "True", "None")
    assert "cannot be written" in reason
    assert "set NUMBA_CACHE_DIR to a writable folder" in reason


def test_compiled_sources_are_the_files_that_use_the_decorator():
    using = {path for path in PACKAGE.rglob("*.py") if "@jit\n" in path.read_text(encoding="utf-8")}
    using.discard(PACKAGE / "core" / "compiling.py")
    hashed = set(compiling.compiled_sources())
    assert using <= hashed
    assert {path.name for path in using} >= {"kernel.py", "postings.py", "rules.py"}
    # The decorator's own options count as well.
    assert PACKAGE / "core" / "compiling.py" in hashed


def test_what_is_not_compiled_is_always_ready():
    assert compiling.is_ready(len)
