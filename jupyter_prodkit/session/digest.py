"""What a value contains, as a digest that is the same in every process; runs no code of the user's.

Two values with equal digests are equal, up to the fourteenth digit of their floats: last-bit noise between two runs of
one computation is no difference. A value with no digest is opaque: an iterator, a figure, a lock, or too large to look
at in the time given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.session.walk import Budget, Opaque, Walk, plain_content

__all__ = ["Digest", "digest", "examine"]

_NO_PARTS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Digest:
    """What a look into a value found."""

    content: str | None
    """Equal contents mean equal values; None where the value is opaque or there was no time."""
    parts: frozenset[int] | None
    """The addresses of the objects in it that may be changed in place; None where there are too many."""
    in_time: bool = True
    """False where it has no content because the time was up."""
    is_small: bool = True
    """Whether it is so small that it is looked at in any case."""
    coarse: str | None = None
    """The same, of floats only the first seven digits: what two computations of one value have in common."""
    hidden: str = ""
    """Digest of what libraries keep in private attributes: tells that a value was changed, not that it differs."""
    tells_apart: bool = True
    """Whether another content means another value: not where an object is in it that its class does not compare."""
    reads: frozenset[str] = frozenset()
    """The notebook's names that functions in it read when they are called."""


def digest(value: Any, budget: Budget | None = None) -> str | None:
    """Return a digest of what `value` contains, None where it is opaque or `budget` is used up. Never raises."""
    return examine(value, budget).content


def examine(value: Any, budget: Budget | None = None) -> Digest:
    """Return the digest of `value` and which mutable objects it is made of. Never raises."""
    content = plain_content(value)
    if content is not None:
        return Digest(content, _NO_PARTS, coarse=content)
    walk = Walk(budget)
    try:
        walk.value(value, 0)
    except Opaque:
        return Digest(None, walk.found_parts(), walk.in_time, is_small=walk.is_small, reads=frozenset(walk.reads))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - changed by another thread meanwhile, or stranger than we know
        return Digest(None, walk.found_parts())
    hidden = walk.hidden.hexdigest() if walk.hides else ""
    coarse = walk.content(coarse=True)
    return Digest(
        walk.content(), walk.found_parts(), is_small=walk.is_small, coarse=coarse, hidden=hidden,
        tells_apart=walk.tells_apart, reads=frozenset(walk.reads),
    )  # fmt: skip
