"""Result files: one zip of a JSON header and plain arrays, written whole or not at all.

No pickle on either side: a file from a stranger can be wrong, but it cannot run code.
"""

from __future__ import annotations

import io
import json
import os
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from investiq.core.errors import ConfigError, DataError

__all__ = ["SUFFIX", "VERSION", "read_artifact", "write_artifact"]

SUFFIX: Final = ".iq"
VERSION: Final = 1
_HEADER: Final = "manifest.json"
_FOLDER: Final = "arrays/"
# A zip entry without a clock: equal content gives equal bytes.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)


def write_artifact(
    path: str | os.PathLike[str], kind: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> Path:
    """Write a result file and return its path.

    Parameters
    ----------
    path : path-like
        Ends in ``.iq``; an existing file is replaced in one step.
    kind : str
        The `kind` of the result.
    header : mapping
        What JSON can hold.
    arrays : mapping of str to ndarray
        Numbers, booleans or datetimes; no objects.

    Raises
    ------
    ConfigError
        If the path is a folder, has another suffix, or cannot be written.
    """
    target = _checked(Path(path))
    document = {"format": "investiq", "version": VERSION, "kind": kind, **header}
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                _add(archive, _HEADER, text.encode())
                for member, array in arrays.items():
                    _add(archive, f"{_FOLDER}{member}.npy", _npy(array))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written ({error.strerror}); choose a place that you may write to"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def read_artifact(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the header and the arrays of a result file.

    Raises
    ------
    DataError
        If the file does not exist, is no result file or a damaged one, was
        written by a newer version, or holds another kind of result.
    """
    source = Path(path)
    if not source.is_file():
        raise DataError(
            f"{source} is {'a folder' if source.is_dir() else 'no file'}; expected a result file ({SUFFIX})"
        )
    try:
        with zipfile.ZipFile(source) as archive:
            header = json.loads(archive.read(_HEADER))
            names = [name for name in archive.namelist() if name.startswith(_FOLDER) and name.endswith(".npy")]
            _check_header(source, header, kind)
            arrays = {name[len(_FOLDER) : -len(".npy")]: _array(archive.read(name)) for name in names}
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise DataError(f"{source} is no InvestIQ result file or is damaged ({error}); save the result again") from None
    return header, arrays


def _checked(path: Path) -> Path:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; name a file in it, such as {path / ('result' + SUFFIX)}")
    if path.suffix != SUFFIX:
        raise ConfigError(f"a result is saved as a {SUFFIX} file, was {str(path)!r}; write {str(path) + SUFFIX!r}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent} is no folder; create it, or choose another place for {path.name}")
    return path


def _check_header(source: Path, header: Any, kind: str) -> None:
    if not isinstance(header, dict) or header.get("format") != "investiq":
        raise DataError(f"{source} is no InvestIQ result file; expected one written by save()")
    if header.get("version") != VERSION:
        raise DataError(
            f"{source} has version {header.get('version')} of the result format, this program reads {VERSION}; "
            "use the program that wrote it, or upgrade"
        )
    if header.get("kind") != kind:
        raise DataError(f"{source} holds a result of kind {header.get('kind')!r}, expected {kind!r}")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _NO_DATE), content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=6)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _array(content: bytes) -> NDArray[Any]:
    loaded: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    loaded.flags.writeable = False
    return loaded
