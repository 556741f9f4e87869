"""A step's options in the shapes that the faces need: command-line arguments, and form fields for the panel."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.faces.protocol import OptionForm, StepForm
from jupyter_prodkit.step import Options, Step

__all__ = [
    "add_options",
    "line_parser",
    "options_from_line",
    "options_from_mapping",
    "options_from_namespace",
    "parsed_line",
    "step_form",
]

OptionsT = TypeVar("OptionsT", bound=Options)
_COMMON = frozenset(field.name for field in msgspec.structs.fields(Options))


@dataclass(frozen=True, slots=True)
class _Field:
    """One option, whatever shape it will take."""

    name: str
    kind: Literal["text", "flag", "number", "choice"]
    number: type[int | float]
    help: str
    default: Any
    required: bool
    choices: tuple[str, ...]
    is_model: bool
    in_form: bool
    """Whether the panel asks for it; what only matters at a prompt, it doesn't."""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"


def _fields(options: type[Options]) -> tuple[_Field, ...]:
    info = inspect.type_info(options)
    assert isinstance(info, inspect.StructType)
    return tuple(_field(field) for field in info.fields)


def _field(field: inspect.Field) -> _Field:
    kind, text, extra = field.type, "", {}
    if isinstance(kind, inspect.Metadata):
        schema = kind.extra_json_schema or {}
        text, extra, kind = str(schema.get("description", "")), kind.extra or {}, kind.type
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    choices = tuple(str(value) for value in kind.values) if isinstance(kind, inspect.LiteralType) else ()
    return _Field(
        name=field.name,
        kind=_kind(kind),
        number=float if isinstance(kind, inspect.FloatType) else int,
        help=text,
        default=None if field.default is msgspec.NODEFAULT else field.default,
        required=field.required,
        choices=choices,
        is_model=bool(extra.get("model")),
        in_form=bool(extra.get("form", True)),
    )


def _kind(kind: inspect.Type) -> Literal["text", "flag", "number", "choice"]:
    if isinstance(kind, inspect.BoolType):
        return "flag"
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        return "number"
    return "choice" if isinstance(kind, inspect.LiteralType) else "text"


# --- command line -----------------------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser, options: type[Options], *, without: Sequence[str] = ()) -> None:
    """Add to `parser` one argument per option: a required one by position, the others as `--name`."""
    for field in _fields(options):
        if field.name in without:
            continue
        if field.required:
            parser.add_argument(field.name, metavar=field.name.upper(), help=field.help)
        elif field.kind == "flag":
            action: Any = argparse.BooleanOptionalAction if field.default else "store_true"
            parser.add_argument(field.flag, action=action, default=field.default, help=field.help)
        else:
            default = "" if field.default is None else f" (default: {field.default})"
            number = field.number if field.kind == "number" else str
            parser.add_argument(
                field.flag,
                type=number,
                default=field.default,
                choices=field.choices or None,
                metavar=None if field.choices else ("N" if field.kind == "number" else "TEXT"),
                help=f"{field.help}{default}",
            )


def options_from_namespace(options: type[OptionsT], namespace: argparse.Namespace) -> OptionsT:
    """Return the options in a parsed command line; what the parser did not ask for keeps its default."""
    names = [field.name for field in _fields(options)]
    given = {name: getattr(namespace, name) for name in names if hasattr(namespace, name)}
    return options_from_mapping(options, given)


def options_from_mapping(options: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    """Return typed options from the panel's form or from JSON. Raises UsageError for what the step doesn't take."""
    known = {field.name for field in _fields(options)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(f"There is no option {unknown[0]!r}.", f"Options: {', '.join(sorted(known))}.")
    missing = next((field for field in _fields(options) if field.required and given.get(field.name) is None), None)
    if missing is not None:
        raise UsageError(f"The option `{missing.name}` is not given.", missing.help)
    try:
        return msgspec.convert({name: value for name, value in given.items() if value is not None}, options)
    except msgspec.ValidationError as error:
        hint = "See the step's help for what it takes."
        raise UsageError(f"An option has the wrong value: {error}.", hint) from error


class _LineParser(argparse.ArgumentParser):
    """A parser that raises instead of ending the kernel."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%{self.prog}: {message}", f"%{self.prog} --help shows what it takes.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _HelpShown(message or "", status)


class _HelpShown(Exception):  # noqa: N818 - not an error: the help was asked for, and is printed
    """Ends a line whose only wish was `--help`."""


def line_parser(magic: str, description: str) -> argparse.ArgumentParser:
    """Return a parser for the text after a magic's name; `parsed_line` uses it."""
    return _LineParser(prog=magic, description=description)


def parsed_line(parser: argparse.ArgumentParser, line: str) -> argparse.Namespace | None:
    """Return what `line` says, None where it asked for help, which is printed. Raises UsageError for wrong usage."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%{parser.prog}: {error}", "Close the quotation mark.") from error
    try:
        return parser.parse_args(words)
    except _HelpShown:
        return None


def options_from_line(step: Step[OptionsT, Any], line: str) -> OptionsT | None:
    """Return the options in the text after a magic's name, None where it asked for help, which is printed.

    Raises UsageError for an unknown or missing option.
    """
    parser = line_parser(step.magic, step.summary)
    add_options(parser, step.options)
    parsed = parsed_line(parser, line)
    return None if parsed is None else options_from_namespace(step.options, parsed)


# --- panel ------------------------------------------------------------------------------------------------------


def step_form(step: Step[Any, Any]) -> StepForm:
    """Return the step as a section of the panel; what every face has in common is not asked there."""
    fields = _fields(step.options)
    own = [_option_form(field) for field in fields if field.name not in _COMMON and field.in_form]
    shared = [_option_form(field) for field in fields if field.name == "force"]  # `yes` it asks when it comes to that
    return StepForm(name=step.name, title=step.title, summary=step.summary, options=(*own, *shared))


def _option_form(field: _Field) -> OptionForm:
    return OptionForm(
        name=field.name,
        kind="model" if field.is_model else field.kind,
        help=field.help,
        default=field.default,
        required=field.required,
        choices=field.choices,
    )
