"""The facts of this environment for a notebook: from the kernel in which it ran, or from its text and the disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from jupyter_prodkit.environment.capture import capture, maps_text
from jupyter_prodkit.environment.doubles import settled
from jupyter_prodkit.environment.edited import edited_files
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed, all_installed
from jupyter_prodkit.environment.system_libraries import mapped_libraries, system_libraries
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.imports import imports_of
from jupyter_prodkit.session.kernel import LiveKernel

__all__ = ["facts_here", "installed_here", "with_files_compared"]


def facts_here(notebook: Notebook, kernel: LiveKernel | None) -> EnvironmentFacts:
    """Return the facts for what `kernel` loaded and the page imports; for the page alone where there is no kernel."""
    page, folder = imports_of(notebook), notebook.path.parent
    if kernel is None:
        return capture({}, (), folder, page)
    modules, imported = kernel.on_main_thread(lambda: (kernel.user_modules(), kernel.imported_names()))
    facts = capture(modules, imported, folder, page)
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix)
    libraries = system_libraries(mapped_libraries(maps_text()), own)
    return msgspec.structs.replace(facts, system_libraries=libraries)


def installed_here() -> Mapping[str, Installed]:
    """Return what is installed for this interpreter by name; of a double, the one whose files are loaded."""
    return settled(all_installed(), _loaded_files())[0]


def with_files_compared(facts: EnvironmentFacts, installed: Mapping[str, Installed]) -> EnvironmentFacts:
    """Return the facts with what was edited by hand in each distribution, by RECORD; reads every loaded file."""
    loaded = _loaded_files()
    return msgspec.structs.replace(
        facts,
        distributions=tuple(
            msgspec.structs.replace(fact, edited=edited_files(installed[fact.name], loaded))
            if fact.name in installed and fact.source != "editable"
            else fact
            for fact in facts.distributions
        ),
    )


def _loaded_files() -> frozenset[str]:
    return frozenset(file for module in list(sys.modules.values()) if isinstance(file := _file(module), str))


def _file(module: object) -> object:
    return getattr(module, "__dict__", {}).get("__file__")
