"""The magics: `%prodcheck` to `%prodserve`, each a thin face of one step."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.transform import OWN_MAGICS
from jupyter_prodkit.session.driver import STARTED_BY_US
from jupyter_prodkit.session.session import Session
from jupyter_prodkit.step import Result

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["labeller", "register_magics", "unregister_magics"]


def register_magics(shell: InteractiveShell, session: Session) -> None:
    """Give `shell` one line magic per step."""
    for magic in OWN_MAGICS:
        shell.register_magic_function(_magic(shell, session, magic), "line", magic)  # type: ignore[arg-type]


def unregister_magics(shell: InteractiveShell) -> None:
    """Take the magics away."""
    for magic in OWN_MAGICS:
        shell.magics_manager.magics["line"].pop(magic, None)


def _magic(shell: InteractiveShell, session: Session, magic: str) -> Callable[[str], None]:
    def run(line: str) -> None:
        _run(shell, session, magic, line)

    run.__doc__ = f"The step `{magic.removeprefix('prod')}` of jupyter-prodkit; `%{magic} --help` shows its options."
    return run


def _run(shell: InteractiveShell, session: Session, magic: str, line: str) -> None:
    """Carry out the step behind `magic`. Raises ProdkitError, which IPython shows without a traceback."""
    if os.environ.get(STARTED_BY_US):
        return  # the notebook is being re-run: our own magics are not part of it
    # Imported here so that loading the extension costs a kernel next to nothing.
    from jupyter_prodkit.faces.arguments import options_from_line
    from jupyter_prodkit.faces.display import as_json
    from jupyter_prodkit.faces.journey import carry_out, gather, step_named
    from jupyter_prodkit.faces.progress_display import shown_progress

    step = step_named(magic.removeprefix("prod"))
    options = options_from_line(step, line)
    if options is None:
        return
    notebook = session.page(options.notebook)
    inputs = gather(notebook, options, session)
    silent = options.quiet or options.json or step.name == "check"
    try:
        with shown_progress(shell, step.title, quiet=silent) as progress:
            result = carry_out(step, inputs, options, progress)
    except KeyboardInterrupt:
        hint = "Nothing was changed; run it again when ready."
        raise CancelledError(f"{step.title} was interrupted.", hint) from None
    if options.json:
        print(as_json(step, result))  # noqa: T201 - the answer asked for
    else:
        _show(notebook, result)


def _show(notebook: Notebook, result: Result) -> None:
    from IPython.display import display

    from jupyter_prodkit.faces.display import as_html, as_text

    label = labeller(notebook)
    bundle: dict[str, Any] = {"text/plain": as_text(result, label), "text/html": as_html(result, label)}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def labeller(notebook: Notebook) -> Callable[[str | None], str]:
    """Return how messages name a cell of `notebook` by its id."""
    labels = {cell.cell_id: cell.label for cell in notebook.cells}
    return lambda cell_id: labels.get(cell_id or "", "a cell that is no longer on the page")
