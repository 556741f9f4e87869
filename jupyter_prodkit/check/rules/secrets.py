"""Rules on secrets that stand in the notebook. No finding ever shows one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.rules.secret_texts import Secret, named_secrets, secrets_in
from jupyter_prodkit.notebook.document import Cell, Notebook

__all__ = ["key", "password", "redacted", "url"]

_FIX = "Revoke it where it was issued, as it may be in the file’s history, and read the next from the environment."


def key(evidence: Evidence) -> Iterator[Finding]:
    """A key or token of a known form stands in a cell of any kind."""
    for cell in evidence.notebook.cells:
        for secret in secrets_in(cell.source):
            if not secret.in_url:
                yield _finding(cell, secret, "secrets/key", "blocker", "A secret stands in the notebook", _FIX)


def url(evidence: Evidence) -> Iterator[Finding]:
    """A URL holds a user's password."""
    fix = "Read user and password from the environment and put the URL together there."
    for cell in evidence.notebook.cells:
        for secret in secrets_in(cell.source):
            if secret.in_url:
                yield _finding(cell, secret, "secrets/url", "warning", "A password stands in a URL", fix)


def password(evidence: Evidence) -> Iterator[Finding]:
    """A literal is given to something that is called a password or a key."""
    fix = 'Read it from the environment: `os.environ["NAME"]`, or ask for it with `getpass`.'
    for cell in evidence.notebook.code_cells:
        known = {secret.line for secret in secrets_in(cell.source)}
        for secret in named_secrets(cell.source):
            if secret.line not in known:
                yield _finding(cell, secret, "secrets/password", "warning", "A password is written out", fix)


def redacted(findings: Sequence[Finding], notebook: Notebook) -> list[Finding]:
    """Return `findings` with every secret that the notebook holds taken out of their texts."""
    secrets = {
        secret.text for cell in notebook.cells for secret in (*secrets_in(cell.source), *named_secrets(cell.source))
    }
    if not secrets:
        return list(findings)
    any_secret = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))))
    return [_without(any_secret, finding) for finding in findings]


def _without(secret: re.Pattern[str], finding: Finding) -> Finding:
    return msgspec.structs.replace(
        finding,
        names=tuple(secret.sub("…", name) for name in finding.names),
        message=secret.sub("…", finding.message),
        because=secret.sub("…", finding.because),
        fix=secret.sub("…", finding.fix),
    )


def _finding(cell: Cell, secret: Secret, rule: str, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        cell_id=cell.cell_id,
        message=message,
        because=f"There is {secret.kind} in line {secret.line}: whoever gets the notebook has it too.",
        fix=fix,
    )
