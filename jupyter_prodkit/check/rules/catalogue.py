"""Every rule by its id: how severe, in one line what it says, and the page that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jupyter_prodkit.check.report import Severity

__all__ = ["CATALOGUE", "RuleInfo"]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What is known of a rule before it has found anything."""

    id: str
    """`family/name`, as findings, settings and other programs' reports name it."""
    severity: Severity
    """How severe its findings usually are; what is proven, or will run in production, may weigh more."""
    summary: str
    """What it finds, in one sentence."""

    @property
    def family(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    @property
    def page(self) -> str:
        """The page that explains it, relative to the repository."""
        return f"docs/rules/{self.id}.md"


_RULES = (
    RuleInfo("hidden-state/changed-around", "warning", "A random stream, an option or the folder differs by then."),
    RuleInfo("hidden-state/defined-below", "blocker", "A cell reads a name that only a cell further down defines."),
    RuleInfo("hidden-state/deleted-cell", "warning", "A value comes from code that is no longer on the page."),
    RuleInfo("hidden-state/edited-since-run", "warning", "What a cell shows was made by other code than it holds now."),
    RuleInfo("hidden-state/file-only", "note", "The notebook was judged from its saved file, as no kernel was there."),
    RuleInfo("hidden-state/gives-another", "blocker", "A cell, really run from a clean start, gave something else."),
    RuleInfo("hidden-state/interrupted", "warning", "A cell’s last run was stopped part-way."),
    RuleInfo("hidden-state/never-run", "blocker", "A cell that Restart & Run All would run has not run."),
    RuleInfo("hidden-state/orphan", "note", "The kernel holds a name that no cell on the page makes."),
    RuleInfo("hidden-state/out-of-order", "warning", "A cell ran before a cell above it, or after one below it."),
    RuleInfo("hidden-state/run-twice", "warning", "A cell that changes its own input ran more than once."),
    RuleInfo("hidden-state/saved-page", "note", "Code has run that is not in the saved file."),
    RuleInfo("hidden-state/stale-input", "warning", "What a cell read has changed since it ran."),
    RuleInfo("hidden-state/undefined-name", "blocker", "A cell reads a name that no cell on the page defines."),
    RuleInfo("hidden-state/unknown-origin", "note", "A value or a run is from where tracking did not see it."),
    RuleInfo("environment/install-in-cell", "warning", "A cell installs packages."),
    RuleInfo("environment/lock-drift", "warning", "The environment or the page is no longer what the lock holds."),
    RuleInfo("environment/module-edited", "warning", "A module of yours was edited after the kernel loaded it."),
    RuleInfo("environment/not-installed", "warning", "A cell imports what nothing installed here provides."),
    RuleInfo("environment/package-changed", "warning", "A package was changed on disk after the kernel loaded it."),
    RuleInfo("leakage/fit-before-split", "warning", "Something learns from rows before they are split for the test."),
    RuleInfo("leakage/target-in-features", "warning", "The column to be predicted is among the features."),
    RuleInfo("leakage/test-rows-in-fit", "warning", "A model or transformer is fitted on rows that it is tested on."),
    RuleInfo("paths/absolute", "warning", "A path is written out that other machines don’t have."),
    RuleInfo("paths/missing", "warning", "A cell reads a file that is not there and that no cell makes."),
    RuleInfo("randomness/clock", "warning", "A value comes from the wall clock."),
    RuleInfo("randomness/entropy", "warning", "A value is drawn from the system: UUIDs, random bytes, process ids."),
    RuleInfo("randomness/hash-order", "warning", "A set's order or a text's hash, new in each process, is used."),
    RuleInfo("randomness/unseeded", "warning", "Random numbers are drawn without a seed."),
    RuleInfo("robustness/bare-except", "note", "An `except:` without a class catches even the stop button."),
    RuleInfo("robustness/no-timeout", "note", "A request to the network may wait for ever."),
    RuleInfo("robustness/swallowed-error", "note", "Any error at all is caught and dropped."),
    RuleInfo("secrets/key", "blocker", "An access key or a token stands in the notebook."),
    RuleInfo("secrets/password", "warning", "A password or a key of a service is written as a literal."),
    RuleInfo("secrets/url", "warning", "A URL holds a user’s password."),
    RuleInfo("skew/features-outside", "warning", "Features are made by cells that are not exported."),
    RuleInfo("structure/late-import", "note", "A package is first imported after minutes of computing."),
    RuleInfo("structure/magic-in-marked-cell", "warning", "A cell marked for export uses a magic or the shell."),
    RuleInfo("structure/mark-below-magic", "warning", "A mark stands below a `%%` line and has no effect."),
    RuleInfo("structure/syntax-error", "blocker", "A cell is not valid Python."),
)  # fmt: skip

CATALOGUE: Mapping[str, RuleInfo] = MappingProxyType({rule.id: rule for rule in _RULES})
"""Each rule by its id: hidden state first, then the other families by name."""
