"""What the service takes: named columns for a data frame, or an array, as `schema.json` says it."""

from __future__ import annotations

from typing import Literal

import msgspec

from .errors import SchemaError

__all__ = ["ArraySchema", "Column", "FrameSchema", "Kind", "Schema", "decode_schema", "encode_schema"]

Kind = Literal["boolean", "integer", "number", "string", "datetime", "category"]


class Column(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True, omit_defaults=True):
    """One named column, as the model saw it in training."""

    name: str | int
    kind: Kind
    """What a client sends: JSON's true/false, whole number, number, text, ISO 8601 text, one of `categories`."""
    dtype: str
    """What the model gets: pandas' name of the column's type."""
    nullable: bool = False
    """Whether a client may send null. By default whatever `dtype` can hold."""
    missing: Literal["nan", "none"] = "nan"
    """How an object column of the training data spelled a missing value; encoders treat the two differently."""
    categories: tuple[bool | int | float | str, ...] = ()
    """All values of a category column, in the order of their codes."""
    ordered: bool = False


class FrameSchema(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True, tag_field="container", tag="frame"):
    """The model takes a pandas DataFrame with these columns, in this order."""

    columns: tuple[Column, ...]


class ArraySchema(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True, tag_field="container", tag="array"):
    """The model takes a NumPy array; `shape[0]` is None, the number of rows."""

    shape: tuple[int | None, ...]
    dtype: str


Schema = FrameSchema | ArraySchema


def encode_schema(schema: Schema) -> bytes:
    """Return the content of `schema.json`."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def decode_schema(content: bytes) -> Schema:
    """Return the schema that `schema.json` holds. Raises SchemaError where it holds none, or repeats a column."""
    try:
        schema: Schema = msgspec.json.decode(content, type=FrameSchema | ArraySchema)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError(f"schema.json is not a schema: {error}.") from error
    if isinstance(schema, FrameSchema):
        refuse_repeated([str(column.name) for column in schema.columns])
    return schema


def refuse_repeated(names: list[str]) -> None:
    """Raise SchemaError where a name occurs twice: a JSON object could not carry both."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SchemaError(f"Column names occur more than once: {', '.join(repeated)}.", "Rename one of them.")
