"""jupyter-prodkit takes a notebook to production, from inside the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    """Look the version up when asked: reading the metadata takes longer than importing this package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("jupyter-prodkit")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Start tracking what runs in this kernel and register the magics; does nothing when that is done already."""
    from jupyter_prodkit.session.collector import held_back, unmoved

    made = [name for name in shell.user_ns.keys() - shell.user_ns_hidden.keys() if not name.startswith("_")]
    with held_back() if made else unmoved():
        from jupyter_prodkit.faces.extension import load

        load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Stop tracking and take the magics away."""
    from jupyter_prodkit.faces.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end lies, for `jupyter-builder develop`."""
    return [{"src": "labextension", "dest": "jupyter-prodkit"}]
