"""Session files: a recording with what was found in it, how the screen was, and where one stood. A zip of two members.

It is read with as much mistrust as a recording; what does not fit the module any more is left out and said.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from debugger import recording as recordings
from debugger.breakpoints import Breakpoint, check_hit_rule
from debugger.catchpoints import CatchKind, Catchpoint
from debugger.recording import Recording
from debugger.watchpoints import WatchKind, Watchpoint
from vm.errors import UserError, WasmscopeError
from vm.types import Tick

if TYPE_CHECKING:
    from debugger.session import Session

_FORMAT = "wasmscope session 1"
_HEAD, _RUN = "session.json", "recording"
_MOST_BYTES = 1 << 30
_MOST_ITEMS = 10_000
_MOST_NUMBER = 1 << 63
_OPTIONS = ("condition", "hit_rule", "log")
_COUNTS = ("ignore", "hits")
_ERRORS = (OSError, EOFError, ArithmeticError, ValueError, LookupError, TypeError, RuntimeError, zipfile.BadZipFile,
           zlib.error)  # fmt: skip


@dataclass
class Note:
    """What somebody wrote down at a moment."""

    tick: int
    text: str


@dataclass
class Kept:
    """What a session file holds beside the recording. `screen` is understood by the front end alone."""

    tick: int = 0
    breakpoints: list[dict[str, Any]] = field(default_factory=list)
    watches: list[str] = field(default_factory=list)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    moments: dict[str, int] = field(default_factory=dict)
    mocks: list[dict[str, Any]] = field(default_factory=list)
    screen: dict[str, Any] = field(default_factory=dict)


# -- writing ---------------------------------------------------------------------------------------


def save(path: Path, session: Session) -> int:
    """Writes a session; bytes of the file. Raises UserError."""
    session.check_recordable()
    tick, history = session.tick, session.history
    present = history.present
    try:
        if present is not None:
            history.back_to(present.checkpoint.tick)
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / _RUN
            recordings.save(run, session.options, session.machine)
            data = run.read_bytes()
    finally:
        if present is not None:
            history.back_to(tick)
    kept = Kept(
        int(tick), [_breakpoint(b) for b in session.breakpoints], [w.text for w in session.watches],
        [_bookmark(b) for b in session.bookmarks], list(session.notes),
        {name: int(at) for name, at in session.moments.items()},
        [{"pattern": m.pattern, "answer": m.answer, "left": m.left} for m in session.mocks.all if m.left != 0],
        dict(session.screen()),
    )  # fmt: skip
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
            file.writestr(_HEAD, json.dumps({"format": _FORMAT, **asdict(kept)}, indent=1))
            file.writestr(_RUN, data)
        return path.stat().st_size
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _breakpoint(each: Breakpoint) -> dict[str, Any]:
    found: dict[str, Any] = {"location": each.location, "enabled": each.enabled}
    found |= {name: getattr(each, name) for name in (*_OPTIONS, *_COUNTS, "temporary") if getattr(each, name)}
    if isinstance(each, Watchpoint):
        found["watch"] = each.kind.name
    if isinstance(each, Catchpoint):
        found |= {"catch": each.kind.name, "what": each.what}
    return found


def _bookmark(each: Any) -> dict[str, Any]:
    return {"name": each.name, "kind": each.kind.value, "region": each.region, "offset": each.offset}


# -- reading ---------------------------------------------------------------------------------------


def load(path: Path) -> tuple[Recording, Kept]:
    """A session file. Raises UserError."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(info.file_size for info in file.infolist()) > _MOST_BYTES:
                raise ValueError("too large")
            head, data = json.loads(file.read(_HEAD)), file.read(_RUN)
        if not isinstance(head, dict) or head.get("format") != _FORMAT:
            raise ValueError("format")
        kept = _kept(head)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist", "name a session file, as save FILE writes it") from None
    except _ERRORS as error:
        raise UserError(f"{path} is no session file: it is damaged ({type(error).__name__})",
                        "save FILE writes one") from None  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / _RUN
        run.write_bytes(io.BytesIO(data).getvalue())
        return recordings.load(run), kept


def _kept(head: dict[str, Any]) -> Kept:
    def listed(name: str, kind: type) -> list[Any]:
        found = head[name]
        if not isinstance(found, list) or len(found) > _MOST_ITEMS or not all(isinstance(i, kind) for i in found):
            raise ValueError(name)
        return found

    def named(name: str) -> dict[str, Any]:
        found = head.get(name, {})
        if not isinstance(found, dict) or len(found) > _MOST_ITEMS:
            raise ValueError(name)
        return found

    notes = [Note(_number(n["tick"]), str(n["text"])) for n in listed("notes", dict)]
    moments = {name: _number(tick) for name, tick in named("moments").items()}
    mocks = listed("mocks", dict) if "mocks" in head else []
    return Kept(_number(head["tick"]), listed("breakpoints", dict), listed("watches", str), listed("bookmarks", dict),
                notes, moments, mocks, named("screen"))  # fmt: skip


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _MOST_NUMBER:
        raise ValueError("number")
    return value


def apply(session: Session, kept: Kept) -> list[str]:
    """Puts back what was kept, once the session stands where it stood; what could not be, and why."""
    said: list[str] = []
    for each in kept.breakpoints:
        try:
            _set_again(session, each)
        except (WasmscopeError, KeyError, ValueError) as error:
            said.append(f"{each.get('location') or each.get('what') or 'a breakpoint'} is not set again: {error}")
    known = {watch.text for watch in session.watches}
    for text in kept.watches:
        if text not in known:
            session.watches.add(text)
    for each in kept.mocks:
        try:
            left = each.get("left")
            session.mock_again(
                str(each.get("pattern")), str(each.get("answer")), None if left is None else _number(left)
            )
        except (UserError, ValueError) as error:
            said.append(f"{each.get('pattern')} is not answered for again: {error}")
    for each in kept.bookmarks:
        region = next((r for r in session.machine.space.regions()
                       if (r.kind.value, r.name) == (each.get("kind"), each.get("region"))), None)  # fmt: skip
        offset = each.get("offset")
        if region is not None and isinstance(offset, int) and 0 <= offset < region.size:
            session.bookmarks.set(str(each.get("name", "?")), region, offset)
        else:
            said.append(f"bookmark {each.get('name')} has no place any more")
    session.notes[:] = kept.notes
    session.moments = {name: Tick(tick) for name, tick in kept.moments.items()}
    return said


def _set_again(session: Session, each: dict[str, Any]) -> None:
    """A breakpoint, watchpoint or catchpoint. Raises WasmscopeError, KeyError, ValueError."""
    location, condition, rule = (str(each.get(name, "")) for name in ("location", "condition", "hit_rule"))
    check_hit_rule(rule)
    ignore, hits = (_number(each.get(name, 0)) for name in _COUNTS)
    made: Breakpoint
    if "watch" in each:
        made = session.add_watchpoint(location, WatchKind[str(each["watch"])], condition=condition)
    elif "catch" in each:
        made = session.add_catchpoint(CatchKind[str(each["catch"])], str(each.get("what", "")), condition=condition)
    else:
        made = session.add_breakpoint(location, condition=condition)
    made.enabled, made.temporary = bool(each.get("enabled", True)), bool(each.get("temporary", False))
    made.hit_rule, made.log, made.ignore, made.hits = rule, str(each.get("log", "")), ignore, hits
