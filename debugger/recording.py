"""Recordings: a run's inputs in a file, to be repeated elsewhere.

A gzip file of JSON lines: what was run and how, then an entry of the journal a line. A recording is read with as much
mistrust as a module: what an executor could not survive is refused where it would be used.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from debugger.launch import Options
from debugger.provide import parse_stub
from debugger.recorded_modules import hash_of, recorded_module
from vm.eras.table import chosen
from vm.errors import UserError
from vm.journal import Collect, Edit, Entry, HostResult, Invoke, Jump, Switch
from vm.machine import Machine, MachineLimits, ThreadState
from vm.memories import MemoryStyle
from vm.memory import Write
from vm.state import state_hash
from vm.wasi.world import Root

_FORMAT = "wasmscope recording 1"
_MOST_BYTES = 4 << 30  # unpacked
_MOST_LINE_BYTES = 256 << 20
_MOST_NUMBER = 1 << 64
_KINDS: dict[str, type[HostResult | Invoke | Edit | Collect | Jump | Switch]] = {
    "host": HostResult, "invoke": Invoke, "edit": Edit, "collect": Collect, "jump": Jump, "switch": Switch,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}


class BadRecording(UserError):
    """A file that is no recording, or a damaged one."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no recording that can be used: {why}", "wasmscope --record FILE makes one")


@dataclass(frozen=True)
class Recording:
    """A run. `modules` are SHA-256 hashes by role: the program's own is "", preloaded ones have their names."""

    settings: dict[str, Any]
    modules: dict[str, str]
    path: str  # where the module was
    entries: tuple[Entry, ...]
    ticks: int
    state: ThreadState  # at the end
    state_hash: str


# -- writing ---------------------------------------------------------------------------------------


def save(path: Path, options: Options, machine: Machine) -> int:
    """Writes the run so far; how many entries. Raises UserError when it is not complete, or cannot be written."""
    journal = machine.journal
    if not journal.complete:
        raise UserError(f"this run cannot be recorded: {journal.why_incomplete}")
    head = {
        "format": _FORMAT, "module": str(options.path.resolve()), "modules": _hashes(options),
        "settings": _settings(options, machine), "ticks": machine.tick, "state": int(machine.thread_state),
        "state_hash": state_hash(machine) if _is_whole(machine) else "", "entries": len(journal.entries),
    }  # fmt: skip
    try:
        with gzip.open(path, "wt", encoding="ascii", compresslevel=5) as file:
            for line in (head, *(_packed(entry) for entry in journal.entries)):
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    return len(journal.entries)


def _is_whole(machine: Machine) -> bool:
    """Whether nothing has begun that does not retire with a tick: what is so cannot be told from the inputs."""
    waits = machine.thread_state in (ThreadState.BLOCKED, ThreadState.WAITING)
    in_host = machine.control.depth > 0 and machine.control.top.is_host
    return not (waits or in_host or machine.bulk_done[0])


def _hashes(options: Options) -> dict[str, str]:
    files = (("", options.path), *options.preloads)
    return {name: hash_of(file) for name, file in files}


def _settings(options: Options, machine: Machine) -> dict[str, Any]:
    era, limits = machine.layouts.era, options.limits
    return {
        "args": options.args, "env": options.env, "invoke": options.invoke,
        "roots": [[b64encode(part).decode() for part in (root.host, root.guest)] for root in options.roots],
        "preloads": [[name, str(file.resolve())] for name, file in options.preloads],
        "stubs": [f"{s.module}.{s.name}={'trap' if s.value is None else s.value}" for s in options.stubs],
        "canonical_nan": options.canonical_nan, "memory": options.memory_style.value,
        "runtime": f"{era.runtime}@{era.first_version}",
        "limits": {name: getattr(limits, name) for name in limits.__dataclass_fields__},
    }  # fmt: skip


def _packed(entry: Entry) -> list[Any]:
    values = entry if isinstance(entry, tuple) else [getattr(entry, name) for name in entry.__dataclass_fields__]
    return [_NAMES[type(entry)], *(_pack(value) for value in values)]


def _pack(value: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Write):
        return [[w.region, w.offset, b64encode(w.data).decode(), w.pointee] for w in value]
    return value


# -- reading ---------------------------------------------------------------------------------------


def load(path: Path) -> Recording:
    """Raises UserError for what is no recording."""
    try:
        with gzip.open(path, "rb") as file:
            lines = _lines(file)
            head = json.loads(next(lines))
            entries = tuple(_unpacked(json.loads(line)) for line in lines)
            return _recording(head, entries)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist", "name a recording, as --record FILE makes one") from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadRecording(path, str(error)) from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, StopIteration, Base64Error) as error:
        raise BadRecording(path, f"it is damaged ({type(error).__name__})") from None


def _lines(file: Any) -> Iterator[bytes]:
    total = 0
    while line := file.readline(_MOST_LINE_BYTES + 1):
        total += len(line)
        if len(line) > _MOST_LINE_BYTES or total > _MOST_BYTES:
            raise ValueError("too large")
        yield line


def _recording(head: Any, entries: tuple[Entry, ...]) -> Recording:
    if head["format"] != _FORMAT or head["entries"] != len(entries):
        raise ValueError("format")
    ticks = [entry.tick for entry in entries]
    if ticks != sorted(ticks):
        raise ValueError("order")
    return Recording(
        dict(head["settings"]), {_text(k): _text(v) for k, v in head["modules"].items()}, _text(head["module"]),
        entries, _number(head["ticks"]), ThreadState(head["state"]), _text(head["state_hash"]),
    )  # fmt: skip


def _unpacked(line: Any) -> Entry:
    kind, tick, *rest = line
    tick = _number(tick)
    match kind, rest:
        case "host", [host, args, outcome, values, text, writes]:
            numbers = _numbers(args), _text(outcome), _numbers(values), _text(text)
            return HostResult(tick, _number(host), *numbers, _writes(writes))
        case "invoke", [instance, func, args]:
            return Invoke(tick, _number(instance), _number(func), _numbers(args))
        case "edit", [writes]:
            return Edit(tick, _writes(writes))
        case "collect", []:
            return Collect(tick)
        case "jump", [pc]:
            return Jump(tick, _number(pc))
        case "switch", [thread, forced, blocked]:
            return Switch(tick, _number(thread), bool(forced), bool(blocked))
        case _:
            raise ValueError("entry")


def _writes(value: Any) -> tuple[Write, ...]:
    return tuple(
        Write(_number(region), _number(offset), b64decode(data, validate=True),
              None if pointee is None else (_number(pointee[0]), _number(pointee[1])))
        for region, offset, data, pointee in value
    )  # fmt: skip


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _MOST_NUMBER:
        raise ValueError("number")
    return value


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(map(_number, value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


# -- running it again ------------------------------------------------------------------------------


def options_of(recording: Recording, module: Path | None, path: Path) -> Options:
    """How to run it again; the directories it had are named, not given. A module that is not where it was is looked for
    beside the recording, and beside `module`. Raises UserError where one is another than was recorded."""
    settings = recording.settings
    folders = (path.parent, *([module.parent] if module is not None else []))
    file = module or recorded_module(recording.modules.get("", ""), recording.path, folders)
    try:
        options = Options(
            path=file,
            args=tuple(map(_text, settings["args"])),
            env=tuple(map(_text, settings["env"])),
            invoke=tuple(map(_text, settings["invoke"])),
            roots=tuple(Root(b64decode(host), b64decode(guest)) for host, guest in settings["roots"]),
            preloads=tuple(
                (_text(name), recorded_module(recording.modules.get(_text(name), ""), _text(at), folders))
                for name, at in settings["preloads"]
            ),
            stubs=tuple(parse_stub(_text(text)) for text in settings["stubs"]),
            canonical_nan=bool(settings["canonical_nan"]),
            memory_style=MemoryStyle(settings["memory"]),
            era=chosen(_text(settings["runtime"])),
            limits=replace(MachineLimits(), **{_text(k): _number(v) for k, v in settings["limits"].items()}),
        )
    except (KeyError, TypeError, ValueError, Base64Error) as error:
        raise BadRecording(path, f"its settings are damaged ({type(error).__name__})") from None
    _check_modules(recording, options)
    return options


def _check_modules(recording: Recording, options: Options) -> None:
    for name, file in (("", options.path), *options.preloads):
        try:
            found = hash_of(file)
        except OSError as error:
            raise UserError(f"cannot read {file}: {error.strerror}") from None
        wanted = recording.modules.get(name, "")
        if found != wanted:
            raise UserError(
                f"{file} is not the module that was recorded: its SHA-256 begins with {found[:12]}, "
                f"the recorded one's with {wanted[:12]}",
                "name the module that was run",
            )
