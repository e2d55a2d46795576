"""Compiled functions: one decorator, and a disk cache that cannot serve an outdated one.

numba keys a cached function by its own file only, so a change in a helper that
it calls from another file would go unseen. Here the cache folder bears a hash of
every file that holds compiled code, of numba and llvmlite, and of the CPU: any
change opens an empty folder. A compiled file takes its constants from itself or
from other compiled files, never from one that the hash does not cover.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

__all__ = ["CacheState", "cache_state", "compiled_sources", "is_ready", "jit"]

_PACKAGE: Final = Path(__file__).resolve().parents[1]
# A file that imports from this module holds compiled code.
_MARK: Final = b"investiq.core.compiling import"
_LOCK: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class CacheState:
    """Where compiled functions are kept between processes.

    Attributes
    ----------
    folder : Path or None
        The folder in use; None when there is no cache, and every process
        compiles again.
    reason : str
        Why there is none; empty otherwise.
    """

    folder: Path | None
    reason: str = ""


def jit(function: Callable[..., Any] | None = None, *, inlined: bool = False) -> Any:
    """Compile `function` to machine code on its first call, and keep it on disk.

    IEEE arithmetic in the written order (no reassociation), numpy's error model,
    the GIL released while it runs.

    Parameters
    ----------
    function : callable, optional
        Python that numba supports in nopython mode; without one, a decorator is returned.
    inlined : bool, default False
        Whether its code is put where it is called: for what is small, called once a
        bar or a fill, and takes tuples, which are passed field by field otherwise.

    Returns
    -------
    callable
        The compiled function; `function` itself under ``NUMBA_DISABLE_JIT=1``.

    Examples
    --------
    >>> @jit
    ... def half(value):
    ...     return value / 2
    >>> half(3.0)
    1.5
    """
    import numba

    if function is None:
        return partial(jit, inlined=inlined)
    compiled = numba.njit(nogil=True, error_model="numpy", forceinline=inlined)(function)
    folder = cache_state().folder
    if folder is not None and not numba.config.DISABLE_JIT and Path(function.__code__.co_filename).exists():
        with _cache_folder(folder):
            compiled.enable_caching()
    return compiled


def is_ready(compiled: Any) -> bool:
    """Return whether a call of `compiled` would not have to compile it first (for more than a moment)."""
    function = getattr(compiled, "py_func", None)
    if function is None or compiled.overloads:
        return True
    folder = cache_state().folder
    if folder is None:
        return False
    stem = Path(function.__code__.co_filename).stem
    return any(folder.rglob(f"{stem}.{function.__qualname__}-*.nbi"))


@lru_cache(maxsize=1)
def cache_state() -> CacheState:
    """Return the cache folder of this version of the compiled code, or why there is none."""
    folder = _cache_root() / _fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return CacheState(
            folder=None,
            reason=(
                f"{folder} cannot be written ({error.strerror or error}); compiled functions are not kept and every "
                "process compiles again; set NUMBA_CACHE_DIR to a writable folder"
            ),
        )
    return CacheState(folder=folder)


@lru_cache(maxsize=1)
def compiled_sources() -> tuple[Path, ...]:
    """Return the files of the package that hold compiled code."""
    return tuple(path for path in sorted(_PACKAGE.rglob("*.py")) if _MARK in path.read_bytes())


def _fingerprint() -> str:
    from importlib.metadata import version

    from llvmlite import binding

    digest = hashlib.sha256()
    for path in compiled_sources():
        digest.update(f"{path.relative_to(_PACKAGE)}\0".encode())
        digest.update(path.read_bytes())
    features = binding.get_host_cpu_features().flatten()
    system = (sys.version, version("numba"), version("llvmlite"), binding.get_host_cpu_name(), features)
    digest.update("\0".join(system).encode())
    return digest.hexdigest()[:16]


def _cache_root() -> Path:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen) / "investiq"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "investiq" / "compiled"


@contextmanager
def _cache_folder(folder: Path) -> Iterator[None]:
    """Let numba locate a function's cache in `folder`, and leave its setting as other packages need it."""
    from numba import config

    with _LOCK:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            yield
        finally:
            config.CACHE_DIR = before
