"""`prodkit check NOTEBOOK…`: one notebook or many, in the format that a person or a CI asks for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from jupyter_prodkit.check.formats.outcome import NotChecked, Outcome, place_of
from jupyter_prodkit.check.formats.text import closing_text, outcome_text
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.check.step import CHECK, CheckOptions, sentence
from jupyter_prodkit.errors import ProdkitError, UsageError
from jupyter_prodkit.faces.arguments import add_options, options_from_namespace
from jupyter_prodkit.faces.display import format_of, outcomes_in, printed
from jupyter_prodkit.faces.progress_display import printed_progress
from jupyter_prodkit.faces.remote import carry_out_there
from jupyter_prodkit.faces.side_by_side import check_each, check_one
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import attached_kernel
from jupyter_prodkit.step import Result

__all__ = ["add_check_arguments", "found_in", "run_check"]


def add_check_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `prodkit check` takes."""
    command.add_argument(
        "notebooks", metavar="NOTEBOOK", nargs="+", type=Path,
        help="The .ipynb file, or several, or folders to search for them (hidden folders are left out).",
    )  # fmt: skip
    add_options(command, CHECK.options, without=("notebook",))
    command.add_argument(
        "--jobs", metavar="N", type=_at_least_one, default=_cores(),
        help="How many notebooks to check at once (default: as many as there are cores).",
    )  # fmt: skip
    command.add_argument(
        "--kernel", metavar="FILE", type=Path, default=None,
        help="Judge what the running kernel of this connection file holds, instead of the saved file alone.",
    )  # fmt: skip


def run_check(parsed: argparse.Namespace) -> int:
    """Check what the command line names, print it, and return 1 where findings or errors call for it, else 0.

    Raises ProdkitError: UsageError for options that don't fit together, and whatever is wrong with a single notebook.
    """
    given = [path.expanduser() for path in parsed.notebooks]
    options = options_from_namespace(CheckOptions, parsed)
    if options.fix and parsed.kernel is None:
        raise UsageError("--fix has a front end run cells, and no kernel is named.", "Give --kernel FILE.")
    if len(given) == 1 and not given[0].is_dir():
        return _check_single(given[0].resolve(), options, parsed.kernel)
    if parsed.kernel is not None or options.output is not None:
        raise UsageError("--kernel and --output are for one notebook.", "Name one .ipynb file.")
    return _check_several(found_in(given), options, parsed.jobs)


def found_in(given: Sequence[Path]) -> tuple[Path, ...]:
    """Return the notebooks that files and folders name, each once; a folder's in alphabetical order.

    Hidden folders, and so `.ipynb_checkpoints`, are left out. Raises UsageError for a folder without a notebook.
    """
    found: dict[Path, None] = {}
    for path in given:
        notebooks = list(_below(path)) if path.is_dir() else [path]
        if not notebooks:
            raise UsageError(f"There is no notebook in {path}.", "Name a folder that has one, or an .ipynb file.")
        found.update(dict.fromkeys(one.resolve() for one in notebooks))
    return tuple(found)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(files) if name.endswith(".ipynb"))


def _check_single(path: Path, options: CheckOptions, connection: Path | None) -> int:
    wanted = format_of(options)
    progress = printed_progress(quiet=options.quiet or wanted != "text")
    options = msgspec.structs.replace(options, notebook=str(path))
    said = ""
    try:
        if connection is None:
            notebook, result = check_one(path, options, progress)
        else:
            notebook, result, said = _asked_of_kernel(path, options, connection, progress)
    except ProdkitError as error:
        if wanted not in {"sarif", "github"} or isinstance(error, UsageError):
            raise
        print(outcomes_in(wanted, [NotChecked.because_of(error, path, Path.cwd())]))  # noqa: T201
        return 1
    text = printed(CHECK, result, options, notebook)
    print(f"{place_of(path, Path.cwd())}: {text}" if wanted == "text" else text)  # noqa: T201 - the answer asked for
    if said and wanted == "text":
        print(said)  # noqa: T201
    return result.exit_code


def _asked_of_kernel(
    path: Path, options: CheckOptions, connection: Path, progress: Progress
) -> tuple[Notebook, Result, str]:
    """Return the notebook, its check by what a running kernel holds, and what that kernel says besides."""
    notebook = read_notebook(path)
    with attached_kernel(connection, progress) as driver:
        answer = carry_out_there(driver, CHECK.name, msgspec.to_builtins(options), progress)
    report = msgspec.json.decode(answer.json, type=Report)
    result = Result(
        summary=sentence(report), document=report, warnings=answer.warnings, exit_code=answer.exit_code
    )
    return notebook, result, answer.said


def _check_several(paths: Sequence[Path], options: CheckOptions, jobs: int) -> int:
    wanted = format_of(options)
    outcomes: list[Outcome] = []
    status = 0
    for finished in check_each(paths, options, jobs):
        outcomes.append(finished.outcome)
        status = max(status, finished.exit_code)
        if wanted == "text":  # each as soon as it is there
            print(f"{outcome_text(finished.outcome)}\n", flush=True)  # noqa: T201
    print(closing_text(outcomes) if wanted == "text" else outcomes_in(wanted, outcomes))  # noqa: T201
    return status


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
