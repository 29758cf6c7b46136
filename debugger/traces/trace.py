"""Traces as files: every instruction of a stretch of the recording.

Binary is a line of JSON that says what follows, then a record a run of instructions of one function, little-endian:
tick u64, instance u32, function u32, index of the first instruction u32, how many u32. JSON lines are an instruction
each.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable, Iterator
from typing import IO, Any

from debugger.history import BrokenOff
from debugger.inspect import Inspector
from debugger.traces.expand import Expansion, Progress
from debugger.traces.tables import Kind, arrow, numbers, schema
from debugger.values import format_value
from vm.machine import Machine
from vm.stop import NO_HOOKS
from vm.types import Addr, Tick

MAGIC = "wasmscope trace 1"
_RECORD = struct.Struct("<QIIII")
_ROWS_AT_ONCE = 1 << 16
_COLUMNS = (
    ("tick", Kind.NUMBER), ("instance", Kind.TEXT), ("function", Kind.TEXT), ("index", Kind.NUMBER),
    ("offset", Kind.NUMBER), ("op", Kind.TEXT), ("line", Kind.TEXT),
)  # fmt: skip

LineOf = Callable[[Addr, int], str]  # `fib.c:4` of an instruction at a file offset; empty when it is not known


class Texts:
    """What is said of each instruction, made once."""

    def __init__(self, machine: Machine, inspect: Inspector, line_of: LineOf) -> None:
        self._machine, self._inspect, self._line_of = machine, inspect, line_of
        self._made: dict[tuple[Addr, int], list[dict[str, Any]]] = {}
        self._json: dict[tuple[Addr, int], list[str]] = {}

    def rows(self, vmctx: Addr, func: int) -> list[dict[str, Any]]:
        """Of a function, by index."""
        key = (vmctx, func)
        if key not in self._made:
            instance = self._machine.instance_at(vmctx)
            assert instance is not None
            name = self._inspect.func_name(instance, func)
            self._made[key] = [
                {"instance": instance.name, "function": name, "index": i, "offset": instr.offset, "op": instr.op.name,
                 "line": self._line_of(vmctx, instr.offset)}
                for i, instr in enumerate(instance.facts(func).instrs)
            ]  # fmt: skip
        return self._made[key]

    def json(self, vmctx: Addr, func: int) -> list[str]:
        """The same as the end of a JSON object."""
        key = (vmctx, func)
        if key not in self._json:
            self._json[key] = [json.dumps(row, separators=(",", ":"))[1:] for row in self.rows(vmctx, func)]
        return self._json[key]


def write_binary(expansion: Expansion, file: IO[bytes], names: dict[str, Any], goes_on: Progress) -> int:
    """Writes runs of instructions; how many instructions they are. Raises BrokenOff."""
    head = {"format": MAGIC, "record": ["tick", "instance", "function", "index", "count"], **names}
    file.write(json.dumps(head, separators=(",", ":")).encode() + b"\n")
    numbers = {i.addr: n for n, i in enumerate(expansion.machine.instances)}
    tick, pack = int(expansion.start), _RECORD.pack
    for runs in expansion.runs(goes_on):
        out: list[bytes] = []
        for vmctx, func, pc, length, _ in runs:
            out.append(pack(tick, numbers[vmctx], func, pc, length))
            tick += length
        file.write(b"".join(out))
    return tick - expansion.start


def write_jsonl(expansion: Expansion, file: IO[bytes], texts: Texts, goes_on: Progress) -> int:
    """Writes a line an instruction; how many. Raises BrokenOff."""
    tick = int(expansion.start)
    for runs in expansion.runs(goes_on):
        out: list[str] = []
        for vmctx, func, pc, length, _ in runs:
            ends = texts.json(vmctx, func)
            for i in range(pc, pc + length):
                out.append(f'{{"tick":{tick},{ends[i]}')
                tick += 1
            if len(out) > _ROWS_AT_ONCE:
                file.write(("\n".join(out) + "\n").encode())
                out.clear()
        if out:
            file.write(("\n".join(out) + "\n").encode())
    return tick - expansion.start


def write_parquet(expansion: Expansion, path: str, texts: Texts, goes_on: Progress) -> int:
    """Writes a row an instruction; how many. Raises BrokenOff, and UserError where the extra is not installed."""
    pyarrow = arrow()
    tick, about = int(expansion.start), _About(texts)
    made = schema(pyarrow, _COLUMNS)
    with pyarrow.parquet.ParquetWriter(path, made) as writer:
        for runs in expansion.runs(goes_on):
            which = array("Q")
            for vmctx, func, pc, length, _ in runs:
                first = about.first(vmctx, func) + pc
                which.extend(range(first, first + length))
            ticks = numbers(pyarrow, array("Q", range(tick, tick + len(which))))
            tick += len(which)
            said = about.table(pyarrow, made).take(numbers(pyarrow, which))
            writer.write_table(pyarrow.Table.from_arrays([ticks, *said.columns], schema=made))
    return tick - expansion.start


class _About:
    """What is said of each instruction as one table, so that rows are taken from it by number."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._firsts: dict[tuple[Addr, int], int] = {}
        self._rows: list[dict[str, Any]] = []
        self._table: Any = None

    def first(self, vmctx: Addr, func: int) -> int:
        """The number of a function's first instruction."""
        found = self._firsts.get((vmctx, func))
        if found is None:
            found = self._firsts[vmctx, func] = len(self._rows)
            self._rows += self._texts.rows(vmctx, func)
            self._table = None
        return found

    def table(self, pyarrow: Any, made: Any) -> Any:
        """All that was asked about."""
        if self._table is None:
            self._table = pyarrow.Table.from_pylist(self._rows, schema=made.remove(0)).combine_chunks()
        return self._table


def with_operands(
    expansion: Expansion, inspect: Inspector, texts: Texts, goes_on: Progress
) -> Iterator[dict[str, Any]]:
    """Each instruction with what it takes off the stack, top last. One by one, so slowly. Raises BrokenOff."""
    machine, history = expansion.machine, expansion.history
    history.back_to(expansion.start)
    while machine.tick < expansion.end and machine.control.depth:
        if not goes_on(machine.tick - expansion.start, expansion.end - expansion.start):
            raise BrokenOff
        frame = inspect.frame(0)
        tick = int(machine.tick)
        if frame is not None and frame.instance is not None:
            row = texts.rows(frame.instance.addr, frame.func)[frame.pc]
            operands = [format_value(v.slot, v.type) for v in inspect.operands(frame)]
            yield {"tick": tick, **row, "depth": machine.control.depth, "operands": operands}
        history.run_until(Tick(tick + 1), frozenset(), NO_HOOKS, over_site=True)
        if machine.tick == tick:
            return
