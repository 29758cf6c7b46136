"""Runs an official script on the machine; what needs a proposal that is not supported is counted apart."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.spec.wast import Node, module_bytes, read_script, string_bytes
from vm.decode import decode
from vm.errors import LinkError, Trap, UnsupportedError, UserError, WasmscopeError
from vm.globals import read_global
from vm.host import HostCall, HostFunction, Outcome, Return
from vm.instance import Extern, FuncExtern, GlobalExtern, Instance
from vm.instantiate import instantiate
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.reference.executor import ReferenceExecutor
from vm.stop import StopKind
from vm.text import assemble
from vm.types import F32, F64, I32, I64, V128, ExternKind, FuncType, Heap, RefType, ValType, grouped, spread
from vm.validate import validate

_SPECTEST = """(module
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref) (table (export "table64") i64 10 20 funcref) (memory (export "memory") 1 2)
  (memory (export "shared_memory") 1 2 shared))"""
_PRINTS = {"print": (), "print_i32": (I32,), "print_i64": (I64,), "print_f32": (F32,), "print_f64": (F64,),
           "print_i32_f32": (I32, F32), "print_f64_f64": (F64, F64)}  # fmt: skip


def _print(call: HostCall) -> Outcome:
    return Return()


@dataclass
class Tally:
    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


class NotApplicable(Exception):
    """The command needs a module that uses an unsupported proposal."""


class Runner:
    def __init__(self, path: Path) -> None:
        self.path, self.text = path, path.read_bytes().decode()
        self.machine = Machine(limits=MachineLimits(max_frames=20_000, max_memory_bytes=1 << 30))
        self.executor = ReferenceExecutor(self.machine)
        self.provider: dict[tuple[str, str], Extern | HostFunction] = {
            ("spectest", n): HostFunction("spectest", n, FuncType(p, ()), _print) for n, p in _PRINTS.items()
        }
        self.named: dict[str, Instance | None] = {}
        self.definitions: dict[str, Node] = {}
        self.unregistered: set[str] = set()  # module names that stand for modules of unsupported proposals
        self.current: Instance | None = None
        self.tally = Tally()
        self._register("spectest", self._make(assemble(_SPECTEST, "spectest")))

    def run(self) -> Tally:
        for node in read_script(self.text):
            line = self.text.count("\n", 0, node.start) + 1
            try:
                self._command(node)
            except NotApplicable:
                self.tally.skipped += 1
            except (WasmscopeError, Trap, AssertionError) as error:
                self.tally.failures.append(f"{self.path.name}:{line}: {node.head}: {type(error).__name__} {error}")
        return self.tally

    def _command(self, node: Node) -> None:
        match node.head:
            case "module":
                self._module(node)
            case "register":
                self._register_named(string_bytes(str(node.items[1])).decode(), node)
            case "invoke" | "get":
                self._action(node)
            case "assert_return":
                self._assert_return(node)
            case "assert_trap" | "assert_exhaustion" | "assert_exception":
                self._assert_trap(node.nodes()[0])
            case "assert_unlinkable":
                self._refuses(node.nodes()[0], LinkError)
            case _:
                return

    # -- modules

    def _module(self, node: Node) -> None:
        words = [i for i in node.items[1:4] if isinstance(i, str)]
        name = next((w for w in words if w.startswith("$")), "")
        if words[:1] == ["definition"]:
            self.definitions[name] = node
            return
        self.current = None
        source = node
        if words[:1] == ["instance"]:
            name, source = words[1], self.definitions[words[2]]
        if name:
            self.named[name] = None
        self.current = self._instantiated(source)
        if name:
            self.named[name] = self.current

    def _instantiated(self, node: Node) -> Instance:
        return self._make(module_bytes(self.text, node, self.path.name))

    def _make(self, data: bytes) -> Instance:
        try:
            valid = validate(decode(data))
        except UnsupportedError:
            raise NotApplicable from None
        if any(i.module in self.unregistered for i in valid.module.imports):
            raise NotApplicable
        instance = instantiate(self.machine, valid, self.provider)
        if valid.module.start is not None:
            self._call((instance, valid.module.start), ())
        return instance

    def _register_named(self, name: str, node: Node) -> None:
        self.unregistered.add(name)
        self._register(name, self._instance(node.items[2:]))
        self.unregistered.remove(name)

    def _register(self, name: str, instance: Instance) -> None:
        self.provider.update({(name, export): extern for export, extern in exports_of(instance).items()})

    def _instance(self, items: list[Node | str]) -> Instance:
        name = next((i for i in items if isinstance(i, str) and i.startswith("$")), None)
        found = self.named[name] if name else self.current
        if found is None:
            raise NotApplicable
        return found

    # -- actions

    def _call(self, target: tuple[Instance, int], args: tuple[int, ...]) -> tuple[int, ...]:
        self.machine.clear_call()
        self.machine.begin(target, args)
        stop = self.executor.run(100_000_000)
        if stop.kind is StopKind.TRAP:
            assert stop.trap is not None
            self.machine.clear_call()
            raise stop.trap
        assert stop.kind is StopKind.FINISHED, stop
        return self.machine.results()

    def _action(self, node: Node) -> tuple[tuple[int, ...], tuple[ValType, ...]]:
        instance = self._instance(node.items[1:2])
        export = next(string_bytes(i).decode() for i in node.items if isinstance(i, str) and i.endswith('"'))
        extern = exports_of(instance)[export]
        if node.head == "get":
            assert isinstance(extern, GlobalExtern)
            return (read_global(self.machine, extern),), (extern.type.value,)
        assert isinstance(extern, FuncExtern)
        found = instance.module.export(export)
        assert found is not None and found.kind is ExternKind.FUNC
        args = spread(tuple(self._argument(n) for n in node.nodes()), extern.type.params)
        results = self._call((instance, found.index), args)
        return grouped(results, extern.type.results), extern.type.results

    def _argument(self, node: Node) -> int:
        match node.head:
            case "ref.null":
                return 0
            case "ref.extern" | "ref.host":
                return self.machine.gc.new_host_object(int(str(node.items[1])))
            case "i32.const" | "i64.const" | "f32.const" | "f64.const" | "v128.const":
                return _bits(node)
            case _:
                raise NotApplicable

    # -- assertions

    def _assert_return(self, node: Node) -> None:
        action, *expected = node.nodes()
        slots, types = self._action(action)
        assert len(slots) == len(expected), f"{len(slots)} results"
        for slot, type_, want in zip(slots, types, expected, strict=True):
            assert self._matches(slot, type_, want), f"got {slot:#x} ({type_}), expected {want.items}"
        self.tally.passed += 1

    def _matches(self, slot: int, type_: ValType, want: Node) -> bool:
        if want.head == "either":
            return any(self._matches(slot, type_, n) for n in want.nodes())
        if isinstance(type_, RefType):
            return self._reference_matches(slot, want)
        if type_ is V128:
            return self._lanes_match(slot, want)
        if len(want.items) > 1 and want.items[1] in _NANS:
            return _is_nan(slot, 32 if type_ is F32 else 64, str(want.items[1]))
        return slot == _bits(want)

    def _lanes_match(self, value: int, want: Node) -> bool:
        shape, *lanes = map(str, want.items[1:])
        width = 128 // len(lanes)
        for i, lane in enumerate(lanes):
            found = value >> width * i & (1 << width) - 1
            expected = lane in _NANS and _is_nan(found, width, lane)
            if not expected and (lane in _NANS or found != _lane(lane, shape, width)):
                return False
        return True

    def _reference_matches(self, slot: int, want: Node) -> bool:
        match want.head:
            case "ref.null":
                return slot == 0
            case "ref.extern" | "ref.host" if len(want.items) > 1:
                return slot != 0 and self.machine.gc.host_value(slot) == int(str(want.items[1]))
            case "ref.func" | "ref.extern":
                return slot != 0
            case "ref.i31" | "ref.struct" | "ref.array" | "ref.eq" | "ref.any":
                return slot != 0 and self.machine.holds(RefType(Heap[want.head[4:].upper()], False), slot)
            case _:
                raise NotApplicable

    def _assert_trap(self, node: Node) -> None:
        try:
            if node.head == "module":
                self._instantiated(node)
            else:
                self._action(node)
        except Trap:
            self.tally.passed += 1
            return
        raise AssertionError("no trap")

    def _refuses(self, node: Node, error: type[WasmscopeError]) -> None:
        try:
            self._instantiated(node)
        except error:
            self.tally.passed += 1
            return
        except UserError as refused:
            raise AssertionError(f"refused by the assembler: {refused}") from None
        raise AssertionError("it links")


_NANS = ("nan:canonical", "nan:arithmetic")


def _is_nan(bits: int, width: int, kind: str) -> bool:
    mantissa = 23 if width == 32 else 52
    magnitude = bits & ((1 << (width - 1)) - 1)
    canonical = ((1 << (width - 1 - mantissa)) - 1) << mantissa | 1 << (mantissa - 1)
    return magnitude == canonical if kind == "nan:canonical" else magnitude & canonical == canonical


def _integer(text: str) -> int:
    return int(text, 16 if "0x" in text.lower() else 10)


def _lane(text: str, shape: str, width: int) -> int:
    text = text.replace("_", "")
    return _float_bits(text, width) if shape.startswith("f") else _integer(text) & (1 << width) - 1


def _bits(node: Node) -> int:
    if node.head == "v128.const":
        shape, *lanes = map(str, node.items[1:])
        width = 128 // len(lanes)
        return sum(_lane(lane, shape, width) << width * i for i, lane in enumerate(lanes))
    text = str(node.items[1]).replace("_", "")
    match node.head:
        case "i32.const":
            return _integer(text) & 0xFFFF_FFFF
        case "i64.const":
            return _integer(text) & 0xFFFF_FFFF_FFFF_FFFF
        case "f32.const":
            return _float_bits(text, 32)
        case "f64.const":
            return _float_bits(text, 64)
        case _:
            raise NotApplicable


def _float_bits(text: str, width: int) -> int:
    mantissa = 23 if width == 32 else 52
    if m := re.fullmatch(r"([+-]?)nan(?::0x([0-9a-fA-F]+))?", text):
        payload = int(m[2], 16) if m[2] else 1 << (mantissa - 1)
        exponent = ((1 << (width - 1 - mantissa)) - 1) << mantissa
        return (1 << (width - 1) if m[1] == "-" else 0) | exponent | payload
    return _nearest_bits(text, width)


@cache
def _nearest_bits(text: str, width: int) -> int:
    """The assembler rounds a literal correctly; hexadecimal and decimal alike."""
    data = decode(assemble(f"(module (global f{width} (f{width}.const {text})))", "literal"))
    start, end = data.defined_globals[0].init
    return struct.unpack("<I" if width == 32 else "<Q", data.bytes[start + 1 : end - 1])[0]
