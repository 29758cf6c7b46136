"""`wasmscope layout`: a module laid out as releases would, as tables, JSON, a drawing or a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from debugger.lab import Laid, as_json, lay_out
from debugger.launch import load
from ui.lab_svg import drawing
from ui.render import lab
from ui.render.line import Line, text_of
from ui.text import safe
from vm.eras import ERAS, NEWEST
from vm.eras.table import chosen
from vm.needs import check_layout_holds

_WIDTHS = {32: 4, 64: 8}


def run_eras(as_json_: bool) -> int:
    """Lists all layouts that are known; the exit code."""
    if as_json_:
        rows = [
            {"id": e.id, "runtime": e.runtime, "first_version": e.first_version, "last_version": e.last_version,
             "changed": e.changed, "source": e.source}
            for e in ERAS
        ]  # fmt: skip
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return 0
    _write(lab.eras(ERAS))
    return 0


def run_layout(path: Path, runtimes: Sequence[str], widths: Sequence[int], form: str, *, full: bool) -> int:
    """Writes a module's layouts in `form`: text, json, svg or html; the exit code. Raises WasmscopeError."""
    module = load(path).module
    laid = []
    for era in [chosen(text) for text in runtimes] or [NEWEST]:
        check_layout_holds(module, era, ERAS)
        laid += [lay_out(module, era, _WIDTHS[width]) for width in widths or (64,)]
    match form:
        case "json":
            sys.stdout.write(json.dumps({"module": str(path), **as_json(laid)}, indent=1) + "\n")
        case "svg":
            sys.stdout.write(drawing(laid, full))
        case "html":
            sys.stdout.write(page(path.name, laid, full))
        case _:
            _write(lab.layouts(laid, structs=len(laid) == 1))
    return 0


def _write(lines: Iterator[Line]) -> None:
    for rendered in lines:
        sys.stdout.write(text_of(rendered) + "\n")


def page(name: str, laid: Sequence[Laid], full: bool) -> str:
    """A page that needs nothing else: the drawing, and all that the tables say."""
    title = escape(safe(f"{name}: " + ", ".join(one.title for one in laid)))
    tables = "\n".join(text_of(rendered) for rendered in lab.layouts(laid, structs=True))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        "<style>body{font:16px system-ui,sans-serif;margin:2rem;color:#1f2933;background:#fff}"
        "pre{font-size:12px;overflow-x:auto;background:#f5f7fa;padding:1rem;border-radius:6px}"
        "figure{margin:0;overflow-x:auto}</style></head>\n"
        f"<body><h1>{title}</h1>\n<figure>{drawing(laid, full)}</figure>\n<pre>{escape(tables)}</pre></body></html>\n"
    )
