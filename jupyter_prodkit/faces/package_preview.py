"""What an export would write, as a tree with diffs: HTML for a notebook, text for a terminal.

Each state has a sign and a word of its own, so that none is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import PurePosixPath

from jupyter_prodkit.export.previewing import Change, ExportPreview, PreviewedFile
from jupyter_prodkit.step import Plan

__all__ = ["SIGNS", "folded_html", "folded_lines", "preview_html", "preview_lines", "to_be_shown", "words_of"]

SIGNS: dict[Change, str] = {"new": "+", "changed": "~", "kept": "=", "removed": "-", "pending": "?", "conflict": "!"}
_COLLAPSED = "serving"
_PROOF = "The proof comes first; it may still change types, golden tests and how much comes along."
_SOFT = "color:var(--jp-ui-font-color2)"
_SHADES = {"+": "var(--jp-success-color1, #388e3c)", "-": "var(--jp-error-color1, #d32f2f)"}


def to_be_shown(plan: Plan) -> ExportPreview | None:
    """Return the preview of a plan that is about to be carried out; None where it has none, or would change nothing."""
    preview = plan.document
    if not isinstance(preview, ExportPreview) or getattr(getattr(plan, "options", None), "preview", False):
        return None  # a preview that was asked for is the result itself
    return preview if any(one.change not in {"kept", "pending"} for one in preview.files) else None


def words_of(file: PreviewedFile) -> str:
    """Return what is to be said of a file beside its sign: `changed, +3 −1, with your edits`."""
    words = {
        "new": f"new, {_lines(file.added)}",
        "changed": f"changed, +{file.added} −{file.removed}",
        "pending": "by the proof",
        "conflict": "conflict: the same lines were changed by hand and in the notebook",
    }.get(file.change, file.change)
    if file.by_hand and file.change in {"changed", "kept"}:
        return f"{words}, with your edits" if file.change == "changed" else f"{words}, yours"
    return words


# --- text -------------------------------------------------------------------------------------------------------


def preview_lines(preview: ExportPreview) -> list[str]:
    """Return the tree, what comes along, and the diffs, for a terminal."""
    diffs = [one.diff for one in preview.files if one.diff]
    return ["", *_tree_lines(preview), *(line for diff in diffs for line in ("", *diff.splitlines()))]


def folded_lines(preview: ExportPreview) -> list[str]:
    """Return what changes, in few lines, for a terminal in which the result comes next."""
    return [_counts(preview), *_tree_lines(preview)]


def _tree_lines(preview: ExportPreview) -> list[str]:
    rows = list(_rows(preview.files))
    width = max((len(name) + 2 * depth for depth, name, _ in rows), default=0)
    lines = [_tree_line(depth, name, file, width - 2 * depth) for depth, name, file in rows]
    along = ["", "  comes along, though nobody marked it:", *(f"    {one}" for one in preview.taken)]
    proof = ["", f"  {_PROOF}"] if preview.with_proof else []
    return [*lines, *(along if preview.taken else []), *proof]


def _tree_line(depth: int, name: str, file: PreviewedFile | None, width: int) -> str:
    sign, said = (" ", "") if file is None else (SIGNS[file.change], words_of(file))
    return f"  {sign} {'  ' * depth}{name:<{width}}  {said}".rstrip()


def _rows(files: Sequence[PreviewedFile]) -> Iterator[tuple[int, str, PreviewedFile | None]]:
    """Yield depth and name of each file, with the file, and of each folder above it."""
    folder: tuple[str, ...] = ()
    for file in _gathered(files):
        parts = PurePosixPath(file.path).parts
        for depth in range(len(parts) - 1):
            if folder[: depth + 1] != parts[: depth + 1]:
                yield depth, f"{parts[depth]}/", None
        folder = parts[:-1]
        name = f"{parts[-1]}/" if parts[-1] == _COLLAPSED else parts[-1]
        yield len(parts) - 1, name, file


def _gathered(files: Sequence[PreviewedFile]) -> Iterator[PreviewedFile]:
    """Files first, then folders, as a tree lists them; the server is one line where all of it fares alike."""
    found: list[PreviewedFile] = []
    server: dict[str, list[PreviewedFile]] = {}
    for file in files:
        parts = PurePosixPath(file.path).parts
        if _COLLAPSED in parts[:-1]:
            server.setdefault("/".join(parts[: parts.index(_COLLAPSED) + 1]), []).append(file)
        else:
            found.append(file)
    for place, parts_of_it in server.items():
        if len({one.change for one in parts_of_it}) == 1:
            added, removed = (sum(getattr(one, name) for one in parts_of_it) for name in ("added", "removed"))
            change = parts_of_it[0].change
            found.append(PreviewedFile(path=place, change=change, added=added, removed=removed))
        else:
            found += parts_of_it
    yield from sorted(found, key=lambda one: [(1, part) for part in one.path.split("/")[:-1]] + [(0, one.path)])


def _counts(preview: ExportPreview) -> str:
    return f"To be written: {preview.counts}."


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


# --- HTML -------------------------------------------------------------------------------------------------------


def folded_html(preview: ExportPreview) -> str:
    """Return the preview behind one line that says how much changes."""
    summary = f"<summary>{escape(_counts(preview))}</summary>"
    folded = f"<details>{summary}{preview_html(preview)}</details>"
    return f'<div class="jp-Prodkit-output" style="max-width:60em">{folded}</div>'


def preview_html(preview: ExportPreview) -> str:
    """Return the tree, each changed file with its diff behind it, and what comes along; everything escaped."""
    items = "".join(_item(*row) for row in _rows(preview.files))
    along = "".join(f"<li><code>{escape(one)}</code></li>" for one in preview.taken)
    taken = f"<p>Comes along, though nobody marked it:</p><ul>{along}</ul>" if along else ""
    proof = f'<p style="{_SOFT}">{escape(_PROOF)}</p>' if preview.with_proof else ""
    tree = f'<ul style="list-style:none;padding-left:0;font-family:var(--jp-code-font-family, monospace)">{items}</ul>'
    return f"{tree}{taken}{proof}"


def _item(depth: int, name: str, file: PreviewedFile | None) -> str:
    sign, said, diff = ("", "", "") if file is None else (SIGNS[file.change], words_of(file), file.diff)
    row = (
        f'<span aria-hidden="true" style="display:inline-block;width:1.5em">{escape(sign)}</span>'
        f'{escape(name)} <span style="{_SOFT}">{escape(said)}</span>'
    )
    body = f"<details><summary>{row}</summary>{_diff_html(diff, name)}</details>" if diff else row
    return f'<li style="padding-left:{1.5 * depth:g}em">{body}</li>'


def _diff_html(diff: str, name: str) -> str:
    lines = "".join(_diff_line(line) for line in diff.splitlines())
    label = escape(f"Diff of {name}", quote=True)
    return f'<pre tabindex="0" role="region" aria-label="{label}" style="overflow-x:auto;max-height:24em">{lines}</pre>'


def _diff_line(line: str) -> str:
    shade = None if line.startswith(("+++", "---")) else _SHADES.get(line[:1])
    style = f' style="background:color-mix(in srgb, {shade} 18%, transparent)"' if shade else ""
    return f"<span{style}>{escape(line)}\n</span>"
