"""What the lock says of itself: in lines, in a table, and in the release record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.lock.compiling import Locked
from jupyter_prodkit.lock.locked_data import ComparedData
from jupyter_prodkit.lock.proof import Proof
from jupyter_prodkit.lock.report import Audit, Change, LockReport, SecondOpinion, changes, rows, things
from jupyter_prodkit.step import Fact, Result

__all__ = ["FROM_TEXT", "Made", "checked_result", "count_of", "locked_result", "whys"]

FROM_TEXT = "From the text and what is installed alone: engines that libraries load by themselves were not seen."
_SHOWN_DIGITS = 12
_MANY = 8


@dataclass(frozen=True, kw_only=True)
class Made:
    """A lock that was made, and all that was found out on the way."""

    locked: Locked
    folder: Path
    digest: str
    seconds: float
    before: EnvironmentFacts | None
    proof: Proof | None
    audit: Audit | None
    opinion: SecondOpinion | None
    from_text: bool


def locked_result(made: Made, labels: Mapping[str, str]) -> Result:
    """Return what to say of a lock that was made."""
    locked, facts = made.locked, made.locked.facts
    hashes = sum(len(pin.hashes) for pin in locked.kernel)
    changed = changes(made.before, facts)
    cuda = facts.cuda is not None and facts.cuda.cuda is not None
    proven = tuple(made.proof.steps) if made.proof else None
    seconds = sum(step.seconds for step in proven or ())
    tail = f", and proved them in a clean environment in {seconds:.1f} s" if proven else ""
    return Result(
        summary=f"Locked {count_of(len(locked.kernel))} with {things(hashes, 'hash')} for {facts.target}{tail}.",
        facts=tuple(_rows(made, changed)),
        warnings=tuple(_warnings(made)),
        recorded={
            "lock_digest": made.digest,
            "distributions": len(locked.kernel),
            "python": facts.python,
            "platform": f"{facts.platform} {facts.machine}",
            "cuda": cuda,
            **({"proven": [{"what": step.what, "seconds": step.seconds} for step in proven]} if proven else {}),
        },
        document=LockReport(
            target=facts.target,
            distributions=rows(facts, labels, locked.yanked),
            changes=changed,
            proof=proven,
            audit=made.audit,
            second_opinion=made.opinion,
        ),
    )


def checked_result(facts: EnvironmentFacts, outdated: Sequence[str], data: ComparedData) -> Result:
    """Return what `--check` found: exit status 1 where there is a reason to lock again, or the data is another."""
    found = "The lock is out of date" if outdated else "The lock is up to date"
    said = f"{found}: {things(len(outdated), 'reason')} to lock again." if outdated else f"{found} with the notebook."
    reasons = (*outdated, *data.reasons)
    return Result(
        summary=f"{said} The data is not what was locked." if data.reasons else said,
        facts=tuple(_compared(data)),
        warnings=reasons,
        document=LockReport(target=facts.target, out_of_date=reasons),
        exit_code=1 if reasons else 0,
    )


def _compared(data: ComparedData) -> Iterator[Fact]:
    if data.same:
        yield Fact("Data", f"{things(data.same, 'file')} as locked")
    if data.absent:
        more = f" and {len(data.absent) - _MANY} more" if len(data.absent) > _MANY else ""
        yield Fact("Data not compared", f"{', '.join(data.absent[:_MANY])}{more}: not here")


def whys(facts: EnvironmentFacts) -> str:
    """Return how many there are of each kind: `5 imported, 12 loaded, 10 required`."""
    counted = Counter(fact.why for fact in facts.distributions)
    return ", ".join(f"{counted[why]} {why}" for why in ("imported", "loaded", "required") if counted[why])


def count_of(number: int) -> str:
    """Return `1 distribution`, `27 distributions`."""
    return things(number, "distribution")


def _rows(made: Made, changed: Sequence[Change] | None) -> Iterator[Fact]:
    facts, locked = made.locked.facts, made.locked
    own = sorted(pin.name for pin in locked.kernel if pin.wheel)
    yield Fact("Distributions", f"{len(locked.kernel)} ({whys(facts)})")
    yield Fact("Requested", _requested(facts))
    yield Fact("Python", facts.python)
    yield Fact("Platform", f"{facts.platform} {facts.machine}" + (f", glibc {facts.glibc}" if facts.glibc else ""))
    if facts.cuda is not None and facts.cuda.cuda is not None:
        yield Fact("CUDA", facts.cuda.cuda)
    if own:
        yield Fact("Wheels in the lock", ", ".join(own))
    packages = sorted({one.package for one in facts.system_libraries if one.package})
    if packages:
        yield Fact("Debian packages", ", ".join(packages))
    yield Fact("For the server", f"{len(locked.serving)} more")
    if changed is not None:
        yield Fact("Since the last lock", _changes(changed))
    for step in made.proof.steps if made.proof else ():
        yield Fact("Proven", f"{step.what} ({step.seconds:.1f} s)")
    if made.audit is not None:
        yield from _audit_rows(made.audit)
    if made.opinion is not None and not made.opinion.failed:
        yield Fact("Second opinion", _opinion(made.opinion))
    yield Fact("Lock", f"{made.folder / 'requirements.lock'} ({made.digest[:_SHOWN_DIGITS]})")


def _requested(facts: EnvironmentFacts) -> str:
    counted = Counter(fact.requested for fact in facts.distributions)
    told = ((True, "by name"), (False, "by other distributions"), (None, "not known"))
    return ", ".join(f"{counted[kind]} {how}" for kind, how in told if counted[kind])


def _audit_rows(audit: Audit) -> Iterator[Fact]:
    if audit.advisories is not None:
        found = f"{len(audit.advisories)} known" if audit.advisories else "none known"
        yield Fact("Vulnerabilities", found)
    yield Fact("Licences", "; ".join(f"{name}: {len(of)}" for name, of in audit.licences.items()))


def _opinion(opinion: SecondOpinion) -> str:
    more = len(opinion.not_locked)
    where = f"{more} of them not in the lock" if more else "all in the lock"
    return f"pipreqs names {count_of(len(opinion.named))}, {where}"


def _changes(changed: Sequence[Change]) -> str:
    if not changed:
        return "nothing has changed"
    said = []
    for one in changed[:_MANY]:
        if one.kind == "changed":
            said.append(f"{one.name} {one.before} → {one.after}")
        else:
            said.append(f"{one.name} {one.after or one.before} {one.kind}")
    return "; ".join(said) + (f"; and {len(changed) - _MANY} more" if len(changed) > _MANY else "")


def _warnings(made: Made) -> Iterator[str]:
    facts = made.locked.facts
    if made.from_text:
        yield FROM_TEXT
    yield from facts.doubles
    yield from facts.unmet
    if facts.local_modules:
        yield f"Not in the lock, as these modules are files of your own: {', '.join(facts.local_modules)}."
    if facts.stray:
        yield f"Not in the lock, as no distribution installed these modules: {', '.join(facts.stray)}."
    if facts.unowned:
        yield f"Not in the lock, as nothing installed provides what the cells import: {', '.join(facts.unowned)}."
    yield from made.locked.warnings
    unknown = [f.name for f in facts.distributions if f.build == "unknown" and f.source in ("index", "system", "conda")]
    if unknown and any(fact.build != "unknown" for fact in facts.distributions):
        yield f"Not compared with the index, byte by byte: {', '.join(unknown)}."
    for name, reason in made.locked.yanked.items():
        yield f"The release of {name} was withdrawn by its authors{f' ({reason})' if reason else ''}."
    yield from made.proof.warnings if made.proof else ()
    yield from _audit_warnings(made.audit)
    yield from _opinion_warnings(made.opinion)


def _audit_warnings(audit: Audit | None) -> Iterator[str]:
    if audit is None:
        return
    if audit.advisories is None:
        yield f"Known vulnerabilities were not looked up: {audit.unreachable}."
    for one in audit.advisories or ():
        fixed = f" Fixed in {one.fixed_in}." if one.fixed_in else ""
        yield f"{one.name} {one.version}: {one.id} {one.summary.rstrip('.')}.{fixed}"


def _opinion_warnings(opinion: SecondOpinion | None) -> Iterator[str]:
    if opinion is not None and opinion.failed:
        yield f"No second opinion: {opinion.failed}"
    if opinion is not None and opinion.not_locked:
        yield (
            f"Second opinion: pipreqs also names {', '.join(opinion.not_locked)}, which no cell that counts imports "
            "and no loaded module needs. That locks nothing; import it in a cell where it is needed."
        )
