"""Model files: named arrays and a JSON card in one zip archive. Never a pickle.

::

    card.json              format, version, kind, parameters, ..., and a table of the arrays with their checksums
    arrays/NAME.npy        one file an array, stored as it lies in memory

The bytes of a file depend on nothing but its content, and any zip and numpy can read it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import ModelError

FORMAT = "cytomine-software-router/model"
VERSION = 1

_CARD = "card.json"
_LARGEST_CARD = 16 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KINDS = "biufUS"


@dataclass(frozen=True, eq=False)
class Model:
    """What a file holds.

    Attributes
    ----------
    card : dict
        ``kind`` (which algorithm reads it) and whatever the algorithm says: parameters, classes, training data, scores.
        ``format``, ``version``, ``libraries`` and ``arrays`` are added when it is saved.
    arrays : dict of ndarray
    """

    card: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def save_model(path: Path, kind: str, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model file; an existing one is replaced only when the new one is complete.

    Raises
    ------
    ModelError
        If an array holds Python objects, or the card cannot be written as JSON.
    """
    full = {**card, "format": FORMAT, "version": VERSION, "kind": kind, "libraries": _libraries()}
    unfinished = path.with_name(path.name + ".part")
    table: dict[str, dict[str, Any]] = {}
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(arrays):
                data = _npy(name, arrays[name])
                table[name] = {
                    "shape": list(arrays[name].shape),
                    "dtype": arrays[name].dtype.str,
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
                archive.writestr(zipfile.ZipInfo(f"arrays/{name}.npy", _EPOCH), data)
            text = _json({**full, "arrays": table})
            archive.writestr(zipfile.ZipInfo(_CARD, _EPOCH), text)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_model(path: Path, kind: str | None = None) -> Model:
    """Read a model file and check all of it.

    Parameters
    ----------
    kind : str, optional
        Refuse a model of another kind.

    Raises
    ------
    ModelError
        If the file is missing, damaged, no model of this project, of another kind, or newer than this program.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            card = _read_card(archive, path)
            _check_card(card, path, kind)
            names = {f"arrays/{name}.npy" for name in card["arrays"]} | {_CARD}
            if set(archive.namelist()) != names or len(archive.namelist()) != len(names):
                raise _damaged(path, "its files are not those that the card lists")
            return Model(
                card, {name: _read_array(archive, path, name, entry) for name, entry in card["arrays"].items()}
            )
    except FileNotFoundError as error:
        msg = f"there is no model file {path}"
        raise ModelError(msg) from error
    except (OSError, EOFError, KeyError, TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, str(error)) from error
    except zipfile.BadZipFile as error:
        raise _damaged(path, str(error)) from error


def read_card(path: Path) -> dict[str, Any]:
    """Return the card alone, without reading the arrays.

    Raises
    ------
    ModelError
        As `load_model`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            card = _read_card(archive, path)
    except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise _damaged(path, str(error)) from error
    _check_card(card, path, None)
    return card


def _npy(name: str, array: NDArray[Any]) -> bytes:
    if array.dtype.kind not in _KINDS or "/" in name:
        msg = f"array {name!r} of type {array.dtype} cannot be kept in a model file: only numbers and text"
        raise ModelError(msg)
    buffer = io.BytesIO()
    np.lib.format.write_array(
        buffer, np.ascontiguousarray(array).reshape(array.shape), version=(1, 0), allow_pickle=False
    )
    return buffer.getvalue()


def _json(card: Mapping[str, Any]) -> str:
    try:
        return json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        msg = f"the card of the model cannot be written as JSON ({error})"
        raise ModelError(msg) from error


def _read_card(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    if _CARD not in archive.namelist() or archive.getinfo(_CARD).file_size > _LARGEST_CARD:
        raise _foreign(path)
    card = json.loads(archive.read(_CARD))
    if not isinstance(card, dict):
        raise _foreign(path)
    return card


def _check_card(card: Mapping[str, Any], path: Path, kind: str | None) -> None:
    if card.get("format") != FORMAT or not isinstance(card.get("version"), int):
        raise _foreign(path)
    if card["version"] > VERSION:
        made_by = card.get("libraries", {}).get("cytomine-software-router", "a newer version")
        msg = (
            f"model file {path} has format version {card['version']} (written by cytomine-software-router {made_by}); "
            f"this program reads up to {VERSION}: update it, or train the model again"
        )
        raise ModelError(msg)
    if not isinstance(card.get("arrays"), dict):
        raise _damaged(path, "its card lists no arrays")
    if kind is not None and card.get("kind") != kind:
        msg = f"model file {path} holds a model for {card.get('kind')!r}, but {kind!r} is needed: choose another model"
        raise ModelError(msg)


def _read_array(archive: zipfile.ZipFile, path: Path, name: str, entry: Mapping[str, Any]) -> NDArray[Any]:
    info = archive.getinfo(f"arrays/{name}.npy")
    dtype, shape = np.dtype(entry["dtype"]), tuple(int(length) for length in entry["shape"])
    if info.compress_type != zipfile.ZIP_STORED or dtype.kind not in _KINDS or min(shape, default=0) < 0:
        raise _damaged(path, f"array {name!r} is not stored as arrays are")
    data = bytearray(archive.read(info))
    size = math.prod(shape) * dtype.itemsize
    if hashlib.sha256(data).hexdigest() != entry["sha256"] or len(data) < size:
        raise _damaged(path, f"the checksum of array {name!r} differs")
    return (
        np.frombuffer(data, np.uint8)[len(data) - size :].view(dtype).reshape(shape) if size else np.empty(shape, dtype)
    )


def _libraries() -> dict[str, str]:
    found = {}
    for name in ("cytomine-software-router", "numpy", "scikit-learn", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _damaged(path: Path, detail: str) -> ModelError:
    return ModelError(f"model file {path} is damaged ({detail}): download it again, or train the model again")


def _foreign(path: Path) -> ModelError:
    return ModelError(
        f"{path} is not a model of this software (pickle and joblib files of earlier versions are never opened): "
        "train the model again"
    )
