"""A lock between processes that the operating system holds: it ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from investiq.core.errors import ConfigError

__all__ = ["LOCK_NAME", "exclusive", "try_exclusive"]

LOCK_NAME: Final = ".lock"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, waiting until no other process or thread holds it.

    The file ``.lock`` in the folder is only what the lock is held on: it stays,
    it is never stale, and nothing needs to be cleaned up after a crash.

    Parameters
    ----------
    folder : Path
        Created where needed.

    Raises
    ------
    ConfigError
        If the folder cannot be written to, or its file system has no locks.
    """
    handle = _opened(folder)
    try:
        _acquire(handle, folder)
        try:
            yield
        finally:
            _release(handle)
    finally:
        os.close(handle)


@contextmanager
def try_exclusive(folder: Path) -> Iterator[bool]:
    """Hold the lock of `folder` if no other process or thread does, and say whether it is held; never wait.

    Raises
    ------
    ConfigError
        As `exclusive`.
    """
    handle = _opened(folder)
    try:
        held = _acquire(handle, folder, wait=False)
        try:
            yield held
        finally:
            if held:
                _release(handle)
    finally:
        os.close(handle)


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ConfigError(
            f"cannot lock {folder}: {error.strerror or error}; allow writing there, or choose another folder with INVESTIQ_DATA_DIR"
        ) from error


def _acquire(handle: int, folder: Path, *, wait: bool = True) -> bool:
    try:
        return _lock(handle, wait=wait)
    except OSError as error:
        raise ConfigError(
            f"the file system of {folder} has no locks ({error.strerror or error}), without which two processes could lose "
            "each other's rows; choose a local folder with INVESTIQ_DATA_DIR"
        ) from error


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _EXCLUSIVE: Final = 0x2
    _AT_ONCE: Final = 0x1
    _LOCK_VIOLATION: Final = 33

    class _Overlapped(ctypes.Structure):
        _fields_ = (
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("offset", wintypes.DWORD),
            ("offset_high", wintypes.DWORD),
            ("event", wintypes.HANDLE),
        )

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

    def _lock(handle: int, *, wait: bool) -> bool:
        """Lock the first byte of the file: unlike msvcrt.locking, without giving up after ten seconds."""
        where = ctypes.byref(_Overlapped())
        how = _EXCLUSIVE if wait else _EXCLUSIVE | _AT_ONCE
        if _kernel32.LockFileEx(wintypes.HANDLE(msvcrt.get_osfhandle(handle)), how, 0, 1, 0, where):
            return True
        if not wait and ctypes.get_last_error() == _LOCK_VIOLATION:
            return False
        raise ctypes.WinError(ctypes.get_last_error())

    def _release(handle: int) -> None:
        where = ctypes.byref(_Overlapped())
        _kernel32.UnlockFileEx(wintypes.HANDLE(msvcrt.get_osfhandle(handle)), 0, 1, 0, where)

else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(handle: int) -> None:
        # Said aloud, because a forked child may still hold a copy of the handle.
        fcntl.flock(handle, fcntl.LOCK_UN)
