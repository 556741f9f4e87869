"""The release folder: checked file by file before anything in it is run, then one model that predicts raw rows."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import pickle
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from .errors import ReleaseError
from .golden import Golden
from .schema import Schema, decode_schema, encode_schema

__all__ = ["FORMAT", "Facts", "Manifest", "ReleasedModel", "load_release", "read_manifest", "release_files"]

FORMAT = 1
_MANIFEST, _MODEL, _SCHEMA, _GOLDEN = "manifest.json", "model.pkl", "schema.json", "golden.json"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever makes a release knows about it."""

    name: str
    version: str
    package: str
    """The import name of the package that holds the steps."""
    package_version: str
    model_class: str
    features: str | None = None
    """`package.module:function` that makes the model's input from raw rows."""
    predict: str | None = None
    """`package.module:function` that is called with the model and its input, in place of `model.predict`."""
    notebook_digest: str | None = None
    lock_digest: str | None = None


class Manifest(Facts, frozen=True, kw_only=True):
    """`manifest.json`: the facts, and what the folder must hold to be this release."""

    format: int
    files: dict[str, str]
    """File name → SHA-256 of its bytes, in hexadecimal digits."""
    python: str
    """Major and minor version, as in `3.11`: a pickle is only sure to load in the Python that wrote it."""


@dataclass(frozen=True, slots=True)
class ReleasedModel:
    """A model that predicts raw rows, as they come from a client."""

    manifest: Manifest
    schema: Schema
    golden: Golden
    model: Any
    features: Callable[[Any], Any] | None
    predictor: Callable[[Any, Any], Any] | None

    def predict(self, rows: Any) -> Any:
        """Return the predictions for `rows`, which are as the schema says. Raises whatever the model raises."""
        inputs = rows if self.features is None else self.features(rows)
        return self.model.predict(inputs) if self.predictor is None else self.predictor(self.model, inputs)


def release_files(facts: Facts, *, model: bytes, schema: Schema, rows: Any, predictions: Any) -> dict[str, bytes]:
    """Return the files of a release folder, by name: `model` is a pickle, `predictions` what it said about `rows`.

    A few `rows` are enough; they are kept in plain text. Raises SchemaError where they are not as the schema says,
    ModelError where JSON can't carry the predictions.
    """
    from .predictions import to_jsonable
    from .rows import request_for

    golden = Golden(request=to_jsonable(request_for(schema, rows)), predictions=to_jsonable(predictions))
    content = {_MODEL: model, _SCHEMA: encode_schema(schema), _GOLDEN: _pretty(golden)}
    manifest = Manifest(
        **{field: getattr(facts, field) for field in Facts.__struct_fields__},
        format=FORMAT,
        files={name: hashlib.sha256(data).hexdigest() for name, data in content.items()},
        python=_python(),
    )
    return {**content, _MANIFEST: _pretty(manifest)}


def load_release(folder: Path) -> ReleasedModel:
    """Return the model of a release folder, ready to predict.

    Every file is compared with its digest in the manifest before the model is unpickled, and the bytes that were
    compared are the bytes that are unpickled. Raises ReleaseError, or SchemaError for a schema that can't be read.
    """
    manifest = read_manifest(folder)
    content = {name: _checked(folder, name, digest) for name, digest in manifest.files.items()}
    schema = decode_schema(content[_SCHEMA])
    golden: Golden = _decode(content[_GOLDEN], Golden, _GOLDEN)
    _check_installed(manifest)
    features = _resolve(manifest.features)
    predictor = _resolve(manifest.predict)
    model = _unpickle(content[_MODEL])
    return ReleasedModel(manifest, schema, golden, model, features, predictor)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a release folder. Raises ReleaseError where this process can't serve such a release."""
    manifest: Manifest = _decode(_read(folder, _MANIFEST), Manifest, _MANIFEST)
    if manifest.format != FORMAT:
        raise ReleaseError(
            f"The release in {folder} has format {manifest.format}; this service reads format {FORMAT}.",
            "Serve it with the package that was exported with it.",
        )
    if manifest.python != _python():
        raise ReleaseError(
            f"The release was made with Python {manifest.python}; this is Python {_python()}.",
            f"Start the service with Python {manifest.python}.",
        )
    missing = sorted({_MODEL, _SCHEMA, _GOLDEN} - manifest.files.keys())
    if missing:
        raise ReleaseError(f"{_MANIFEST} does not list {', '.join(missing)}.", "Push the model again.")
    return manifest


def _decode(content: bytes, kind: type[Any], name: str) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{name} can't be read: {error}.", "Push the model again.") from error


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"can't be read ({error.strerror})"
        raise ReleaseError(
            f"{name} {reason} in the release folder {folder}.", "Is this the folder that the push step wrote?"
        ) from error


def _checked(folder: Path, name: str, digest: str) -> bytes:
    if Path(name).name != name:
        raise ReleaseError(f"{_MANIFEST} lists {name!r}, which is not the plain name of a file.")
    content = _read(folder, name)
    if hashlib.sha256(content).hexdigest() != digest.lower():
        raise ReleaseError(
            f"{name} is not the file that was released: its SHA-256 is not the one in {_MANIFEST}.",
            "Nothing of it was loaded. Take the folder from the push step again.",
        )
    return content


def _check_installed(manifest: Manifest) -> None:
    """Refuse an installed package of another version than the model was released with."""
    try:
        installed = importlib.metadata.version(manifest.package)
    except importlib.metadata.PackageNotFoundError:
        return
    if installed != manifest.package_version:
        raise ReleaseError(
            f"The release needs {manifest.package} {manifest.package_version}; {installed} is installed.",
            "Install the wheel that was exported with this release.",
        )


def _resolve(target: str | None) -> Any:
    if target is None:
        return None
    module, _, name = target.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ReleaseError(
            f"The release needs {target}, which can't be imported: {error}.",
            "Install the package that was exported with this release, with its lock.",
        ) from error
    if not callable(function):
        raise ReleaseError(f"The release needs {target}, which is not a function.")
    return function


def _unpickle(content: bytes) -> Any:
    try:
        return pickle.loads(content)  # noqa: S301 - its digest is the one in the manifest
    except Exception as error:
        raise ReleaseError(
            f"{_MODEL} can't be unpickled: {type(error).__name__}: {error}.",
            "Install the lock that was exported with it; a class of the notebook must come from an exported cell.",
        ) from error


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
