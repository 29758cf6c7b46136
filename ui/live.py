"""`wasmscope live`: a module in a real Wasmtime in this process, and what its memory says between calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from debugger.capture import read_capture
from debugger.capture_report import Report
from debugger.live import Called, Live, start
from debugger.live_compare import Difference, calls_of, compare, run_ours
from ui import exits
from ui.render.capture import capture_lines
from ui.render.line import EMPTY, Line, Part, Role, columns, heading, line, note, text_of
from vm.errors import UserError

Json = dict[str, Any]


@dataclass(frozen=True)
class LiveOptions:
    """What to run, and what to do with it."""

    path: Path
    invokes: tuple[tuple[str, ...], ...] = ()
    preloads: tuple[tuple[str, Path], ...] = ()
    args: tuple[str, ...] = ()
    save: Path | None = None
    compare: bool = False
    as_json: bool = False
    screen: bool = False  # the full screen instead of lines

    @property
    def called(self) -> list[tuple[str, tuple[str, ...]]]:
        """What was asked for, by name and arguments."""
        return [(name, tuple(args)) for name, *args in self.invokes]


def run_live(options: LiveOptions) -> int:
    """Runs the calls and writes what changed; the exit code. Raises WasmscopeError."""
    quiet = options.compare or options.as_json or options.screen
    live = start(options.path, options.preloads, options.args, quiet=quiet)
    if options.compare:
        return _compare(live, options)
    if options.screen:
        from debugger.live_runtime import LiveForeign
        from ui.tui.foreign_app import run_foreign_screen

        for name, args in options.called:
            live.call(name, args)
        return run_foreign_screen(LiveForeign(live), live.call)
    before = _report(live)
    if not options.as_json:
        _write(capture_lines(before, f"{options.path.name}: a live instance of wasmtime {live.version}"))
    for name, args in calls_of(live, options.invokes):
        called = live.call(name, args)
        after = _report(live)
        if not options.as_json:
            _write(_after(called, before, after))
        before = after
    if options.as_json:
        sys.stdout.write(json.dumps(before, indent=1) + "\n")
    if options.save is not None:
        _save(live.capture(live.main), options.save)
    return 0


def _write(lines: Iterable[Line]) -> None:
    for rendered in lines:
        sys.stdout.write(text_of(rendered) + "\n")
    sys.stdout.flush()


def _report(live: Live) -> Json:
    """What the main instance's memory says: as `wasmscope capture` would say it of the capture."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "live.json"
        _save(live.capture(live.main), path)
        return Report(read_capture(path)).as_json()


def _save(capture: Json, path: Path) -> None:
    try:
        path.write_text(json.dumps(capture) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


# -- what changed ----------------------------------------------------------------------------------


def _after(called: Called, before: Json, after: Json) -> Iterator[Line]:
    yield EMPTY
    outcome = called.trap or ", ".join(called.results) or "no results"
    yield line((called.label, Role.HEADING), "  ", ("stopped by " if called.trap else "→ ", Role.DIM), outcome)
    rows = list(_changes(before, after))
    yield from columns(rows)
    if not rows:
        yield note("nothing of the structures changed")


def _changes(before: Json, after: Json) -> Iterator[list[Part]]:
    for old, new in zip(before["fields"], after["fields"], strict=True):
        if old["bytes"] != new["bytes"]:
            yield _row(f"+{new['offset']:#06x}", new["path"], old["bytes"], new["bytes"], new.get("target") or "")
    for kind, length in (("memories", "current_length"), ("tables", "current_elements")):
        for old, new in zip(before[kind], after[kind], strict=True):
            for key in ("base", length):
                if old[key] != new[key]:
                    name = f"{kind}[{new['index']}].{key}"
                    yield _row("", name, _number(old[key]), _number(new[key]), "")
    for old, new in zip(before["globals"], after["globals"], strict=True):
        if old["bytes"] != new["bytes"] and new["imported"]:
            yield _row("", f"imported global {new['index']}", old["bytes"], new["bytes"], "")
    for old, new in zip(before["tables"], after["tables"], strict=True):
        for was, is_ in zip(old["elements"], new["elements"], strict=False):
            if was["word"] != is_["word"]:
                name = f"table {new['index']}[{is_['index']}]"
                yield _row("", name, _element(was), _element(is_), "")


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:#x}"


def _element(element: Json) -> str:
    target = element["func_ref"]
    return element["state"] + ("" if target is None else f" {target:#x}")


def _row(offset: str, name: str, old: str, new: str, target: str) -> list[Part]:
    return [(offset, Role.ADDRESS), (name, Role.NAME), (old, Role.DIM), "→", (new, Role.CHANGED), (target, Role.DIM)]


# -- comparing -------------------------------------------------------------------------------------


def _compare(live: Live, options: LiveOptions) -> int:
    ours = run_ours(live, options.path, options.preloads, options.args, options.invokes)
    for name, args in calls_of(live, options.invokes):
        live.call(name, args)
    found = list(compare(live, ours))
    real = [difference for difference in found if not difference.reason]
    if options.as_json:
        rows = [
            {"instance": d.instance, "field": d.field, "offset": d.offset, "ours": d.ours.hex(),
             "theirs": d.theirs.hex(), "reason": d.reason or None}
            for d in found
        ]  # fmt: skip
        sys.stdout.write(json.dumps({"version": live.version, "differences": rows}, indent=1) + "\n")
    else:
        _write(_compared(live, ours.ends, found))
    return exits.DIFFERENT if real else exits.OK


def _compared(live: Live, ends: Sequence[str], found: Sequence[Difference]) -> Iterator[Line]:
    size = sum(live.layouts.struct("VMContext", i.shape.counts).size for i in live.instances)
    yield heading(f"{len(live.instances)} VMContexts, {size:,} bytes, ours and wasmtime {live.version}'s")
    for called, end in zip(live.calls, ends[-len(live.calls) :] if live.calls else (), strict=False):
        yield line(f"{called.label}: theirs {called.trap or 'returned'}, ours {end or 'returned'}")
    rows: list[list[Part]] = [
        [d.instance, (f"+{d.offset:#06x}", Role.ADDRESS), (d.field, Role.NAME), d.ours.hex(), d.theirs.hex(),
         (d.reason, Role.DIM) if d.reason else ("DIFFERENT", Role.ERROR)]
        for d in sorted(found, key=lambda d: bool(d.reason))
    ]  # fmt: skip
    yield from columns(rows, ("instance", "offset", "field", "ours", "theirs", "why"))
    real = sum(not d.reason for d in found)
    yield line(f"{real} differences without a reason, {len(found) - real} with one" if found else "not a byte differs")
