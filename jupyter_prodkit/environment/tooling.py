"""The distributions that belong to Jupyter and to us: in the kernel, but no part of what the user's code needs."""

from __future__ import annotations

__all__ = ["is_tooling"]

_PREFIXES = ("jupyter-", "jupyterlab", "ipython-")
_NAMES = frozenset(
    {
        # the kernel, its protocol and its widgets
        "comm", "debugpy", "ipykernel", "ipython", "ipywidgets", "jupyter", "matplotlib-inline", "nbclient",
        "nbconvert", "nbformat", "nest-asyncio", "nest-asyncio2", "notebook", "notebook-shim", "pyzmq", "tornado",
        "traitlets", "widgetsnbextension",
        # what IPython loads on the way, to complete names and to print tracebacks
        "asttokens", "backcall", "decorator", "executing", "jedi", "parso", "pexpect", "pickleshare",
        "prompt-toolkit", "ptyprocess", "pure-eval", "pygments", "stack-data", "wcwidth",
        # what builds and installs
        "pip", "setuptools", "uv", "wheel",
    }
)  # fmt: skip


def is_tooling(name: str) -> bool:
    """Return whether the distribution of this normalised name is left out when it is merely loaded.

    It still gets in when a cell's text imports it or another distribution requires it.
    """
    return name in _NAMES or name.startswith(_PREFIXES)
