"""The magics: `%prodcheck` to `%prodserve`, each a thin face of one step, and `%prodmark`, which marks cells."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.transform import OWN_MAGICS
from jupyter_prodkit.session.session import Session
from jupyter_prodkit.session.starting import STARTED_BY_US

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_prodkit.step import Options, Plan, Result

__all__ = ["register_magics", "unregister_magics"]

_MARK = "prodmark"


def register_magics(shell: InteractiveShell, session: Session) -> None:
    """Give `shell` one line magic per step, and the one that marks."""
    for magic in OWN_MAGICS:
        made = _marking(shell, session) if magic == _MARK else _magic(shell, session, magic)
        shell.register_magic_function(made, "line", magic)  # type: ignore[arg-type]


def unregister_magics(shell: InteractiveShell) -> None:
    """Take the magics away."""
    for magic in OWN_MAGICS:
        shell.magics_manager.magics["line"].pop(magic, None)


def _magic(shell: InteractiveShell, session: Session, magic: str) -> Callable[[str], None]:
    def run(line: str) -> None:
        _run(shell, session, magic, line)

    run.__doc__ = f"The step `{magic.removeprefix('prod')}` of jupyter-prodkit; `%{magic} --help` shows its options."
    return run


def _marking(shell: InteractiveShell, session: Session) -> Callable[[str], None]:
    def mark(line: str) -> None:
        if os.environ.get(STARTED_BY_US):
            return
        from jupyter_prodkit.faces.marking import mark_cells

        said = mark_cells(shell, session, line)
        if said:
            print(said)  # noqa: T201 - the answer

    mark.__doc__ = "Marks cells for production, as the sidebar does; `%prodmark --help` shows its options."
    return mark


def _run(shell: InteractiveShell, session: Session, magic: str, line: str) -> None:
    """Carry out the step behind `magic`. Raises ProdkitError, which IPython shows without a traceback."""
    if os.environ.get(STARTED_BY_US):
        return  # the notebook is being re-run: our own magics are not part of it
    # Imported here so that loading the extension costs a kernel next to nothing.
    from jupyter_prodkit.faces.arguments import options_from_line
    from jupyter_prodkit.faces.display import format_of, printed
    from jupyter_prodkit.faces.journey import carry_out, gather, step_named
    from jupyter_prodkit.faces.progress_display import shown_progress
    from jupyter_prodkit.faces.repairing import repair_if_asked

    step = step_named(magic.removeprefix("prod"))
    options = options_from_line(step, line)
    if options is None:
        return
    notebook = session.page(options.notebook)
    inputs = gather(notebook, options, session)
    is_shown = format_of(options) == "text"
    silent = options.quiet or not is_shown or _is_quick(options)
    try:
        with shown_progress(shell, step.title, quiet=silent) as progress:
            result = carry_out(step, inputs, options, progress, show=_show_plan if is_shown else lambda _: None)
    except KeyboardInterrupt:
        hint = "Nothing was changed; run it again when ready."
        raise CancelledError(f"{step.title} was interrupted.", hint) from None
    if is_shown:
        _show(notebook, result)
    else:
        print(printed(step, result, options, notebook))  # noqa: T201 - the answer asked for
    said = repair_if_asked(shell, options, result, notebook)
    if said and is_shown:
        print(said)  # noqa: T201 - the rest of the answer


def _is_quick(options: Options) -> bool:
    """Return whether a step is done before progress could be seen: a check that runs nothing."""
    from jupyter_prodkit.check.step import CheckOptions

    return isinstance(options, CheckOptions) and not (options.replay or options.verify)


def _show_plan(plan: Plan) -> None:
    """Show what would be written, before it is; folded, as the result comes below it."""
    from IPython.display import display

    from jupyter_prodkit.faces.package_preview import folded_html, folded_lines, to_be_shown

    preview = to_be_shown(plan)
    if preview is not None:
        bundle = {"text/plain": "\n".join(folded_lines(preview)), "text/html": folded_html(preview)}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _show(notebook: Notebook, result: Result) -> None:
    from IPython.display import display

    from jupyter_prodkit.faces.display import as_html, as_text

    bundle: dict[str, Any] = {"text/plain": as_text(result, notebook), "text/html": as_html(result, notebook)}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]
