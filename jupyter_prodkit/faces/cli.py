"""The command line: `prodkit STEP NOTEBOOK …` and `prodkit doctor`; also `jupyter prodkit`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.errors import CancelledError, ProdkitError, UsageError
from jupyter_prodkit.faces.arguments import add_options, options_from_namespace
from jupyter_prodkit.faces.carrying_over import another_python, carry_over
from jupyter_prodkit.faces.check_command import add_check_arguments, run_check
from jupyter_prodkit.faces.display import as_json, as_text
from jupyter_prodkit.faces.journey import STEPS, carry_out, gather, step_named
from jupyter_prodkit.faces.package_preview import folded_lines, to_be_shown
from jupyter_prodkit.faces.progress_display import printed_progress
from jupyter_prodkit.faces.remote import carry_out_there
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, attached_kernel, fresh_kernel
from jupyter_prodkit.step import Options, Plan, Step

__all__ = ["main"]

_USAGE, _FAILED, _OK = 2, 1, 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed or findings, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that can't show a sign is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    parsed = _parser().parse_args(arguments)
    parsed.given = sys.argv[1:] if arguments is None else arguments
    try:
        status: int = parsed.command(parsed)
    except UsageError as error:
        return _complain(error, _USAGE)
    except ProdkitError as error:
        return _complain(error, _FAILED)
    except BrokenPipeError:  # whoever read the output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        return _complain(CancelledError("Interrupted.", "Nothing was changed."), _FAILED)
    return status


def _complain(error: ProdkitError, status: int) -> int:
    print(f"prodkit: {error.message}", file=sys.stderr)  # noqa: T201 - the edge that prints
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)  # noqa: T201
    return status


def _parser() -> argparse.ArgumentParser:
    from jupyter_prodkit import __version__

    parser = argparse.ArgumentParser(prog="prodkit", description="Take a notebook to production, step by step.")
    parser.add_argument("--version", action="version", version=f"jupyter-prodkit {__version__}")
    commands = parser.add_subparsers(title="steps, in their order", metavar="STEP", required=True)
    for step in STEPS:
        command = commands.add_parser(step.name, help=step.summary, description=step.summary)
        if step.name == "check":
            add_check_arguments(command)
            command.set_defaults(command=run_check)
            continue
        command.add_argument("notebook", metavar="NOTEBOOK", help="The .ipynb file.")
        add_options(command, step.options, without=("notebook",))
        if step.needs_kernel:
            command.add_argument(
                "--kernel", metavar="FILE", type=Path, default=None,
                help="Use the running kernel of this connection file instead of running the notebook once.",
            )  # fmt: skip
        command.set_defaults(command=_run_step, step=step.name)
    doctor = commands.add_parser("doctor", help="Says whether everything is in place, and how to mend what is not.")
    doctor.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    doctor.set_defaults(command=_run_doctor)
    return parser


def _run_doctor(parsed: argparse.Namespace) -> int:
    from jupyter_prodkit.faces.doctor import examine, shown

    findings = examine()
    print(msgspec.json.encode(findings).decode() if parsed.json else shown(findings))  # noqa: T201
    return _FAILED if any(finding.state == "broken" for finding in findings) else _OK


def _run_step(parsed: argparse.Namespace) -> int:
    step = step_named(parsed.step)
    options = options_from_namespace(step.options, parsed)
    notebook = read_notebook(Path(parsed.notebook).expanduser().resolve())
    options = msgspec.structs.replace(options, notebook=str(notebook.path))
    progress = printed_progress(quiet=options.quiet or options.json)
    connection: Path | None = getattr(parsed, "kernel", None)
    elsewhere = another_python(notebook.path, progress) if connection is None and step.needs_kernel else None
    if elsewhere is not None:
        return carry_over(elsewhere, parsed.given, progress)
    if connection is None and (not step.needs_kernel or step.from_files(options)):
        return _run_here(step, options, progress)
    kernel: AbstractContextManager[KernelDriver] = (
        fresh_kernel(notebook.path, progress) if connection is None else attached_kernel(connection, progress)
    )
    with kernel as driver:
        if connection is None:
            driver.run_notebook(notebook, progress)
        answer = carry_out_there(driver, step.name, msgspec.to_builtins(options), progress)
    print(answer.json if options.json else answer.text)  # noqa: T201 - the answer asked for
    return answer.exit_code


def _run_here(step: Step[Any, Any], options: Options, progress: Progress) -> int:
    assert options.notebook is not None
    notebook = read_notebook(Path(options.notebook))
    inputs = gather(notebook, options, None)
    is_told = not (options.quiet or options.json)
    result = carry_out(
        step, inputs, options, progress, agree=_ask, show=_show_plan if is_told else lambda _: None
    )
    print(as_json(step, result) if options.json else as_text(result, notebook), flush=True)  # noqa: T201
    if step.name == "serve":
        from jupyter_prodkit.serve.step import stay_until_interrupted

        stay_until_interrupted(inputs.project)
    return result.exit_code


def _show_plan(plan: Plan) -> None:
    preview = to_be_shown(plan)
    if preview is not None:
        print("\n".join(folded_lines(preview)), file=sys.stderr, flush=True)  # noqa: T201 - beside the answer


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
