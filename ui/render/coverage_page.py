"""Coverage as one page: files, functions and every line with how often it ran; nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from debugger.traces.coverage import Coverage, File, Function
from ui.text import safe

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: 1px 10px; text-align: left } .n { text-align: right }
pre { margin: 0; font: 12px/1.45 monospace } .code td { padding: 0 8px; white-space: pre; font: 12px/1.45 monospace }
.ran { background: #e3f6e3 } .not { background: #fbe0de } .part { background: #fdf3d0 }
.count { color: #667; text-align: right }
h2 { margin-top: 2em; font-size: 16px } a { color: #235 }
"""

Source = Callable[[str], tuple[str, ...] | None]


def coverage_page(found: Coverage, source: Source, title: str) -> str:
    """The page."""
    files = sorted((path, file) for path, file in found.files.items() if path)
    body = "".join([*_summary(found, files), *_functions(found), *(t for p, f in files for t in _file(p, f, source))])
    note = "" if found.whole else "<p>It was stopped before the end.</p>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
        f"<h1>{_text(title)}</h1>{note}{body}</html>\n"
    )


def _summary(found: Coverage, files: list[tuple[str, File]]) -> Iterator[str]:
    yield "<table><tr><th>file<th>lines<th>functions<th>branches</tr>"
    for path, file in files:
        ran = sum(1 for c in file.lines.values() if c)
        called = sum(1 for f in file.functions if f.calls)
        yield (
            f'<tr><td><a href="#{_anchor(path)}">{_text(path)}</a><td class="n">{_share(ran, len(file.lines))}'
            f'<td class="n">{_share(called, len(file.functions))}'
            f'<td class="n">{_ways(file.functions)}</tr>'
        )
    yield "</table>"


def _functions(found: Coverage) -> Iterator[str]:
    yield "<h2>Functions</h2><table><tr><th>function<th>calls<th>instructions<th>branches</tr>"
    for f in sorted(found.functions, key=lambda f: (-f.calls, f.name)):
        kind = "not" if not f.ran else "ran" if f.ran == f.instructions else "part"
        yield (
            f'<tr class="{kind}"><td>{_text(f.name)}<td class="n">{f.calls:,}'
            f'<td class="n">{_share(f.ran, f.instructions)}<td class="n">{_ways([f])}</tr>'
        )
    yield "</table>"


def _file(path: str, file: File, source: Source) -> Iterator[str]:
    yield f'<h2 id="{_anchor(path)}">{_text(path)}</h2>'
    lines = source(path)
    if lines is None:
        yield "<p>The file was not found.</p>"
        return
    half = {b.line for f in file.functions for b in f.branches if any(b.ways) and not all(b.ways)}
    yield '<table class="code">'
    for number, text in enumerate(lines, 1):
        count = file.lines.get(number)
        kind = "" if count is None else "not" if not count else "part" if number in half else "ran"
        shown = "" if count is None else f"{count:,}"
        yield f'<tr class="{kind}"><td class="count">{number}<td class="count">{shown}<td>{_text(text) or " "}</tr>'
    yield "</table>"


def _ways(functions: list[Function]) -> str:
    """Of all ways that branches may go, those that one went."""
    return _share(sum(f.ways_gone for f in functions), sum(f.ways for f in functions))


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({100 * part / whole:.0f} %)" if whole else "none"


def _anchor(path: str) -> str:
    return "f" + "".join(c if c.isalnum() else "-" for c in path)


def _text(text: str) -> str:
    return escape(safe(text))
