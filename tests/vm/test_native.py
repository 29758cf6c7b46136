"""The native executor: the same state as the reference executor, at every stop."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from debugger.executors import ExecutorKind, MakeExecutor, ObjectFolder, executor_maker
from tests.bench.programs import WORKLOADS, source
from tests.executors import KEPT, maker
from tests.invented_era import INVENTED
from tests.worlds import World
from vm import eras
from vm.errors import TrapKind
from vm.layout import Layouts
from vm.machine import Machine, MachineLimits
from vm.native.build import Handlers
from vm.native.emit.table import FAMILIES
from vm.native.shapes import Shape
from vm.native.words import MAKERS, RUNTIME_ROWS
from vm.ops.row import Has, Imm, Op
from vm.ops.table import OPS
from vm.state import state_hash
from vm.stop import Executor, Site, StopKind

NATIVE, REFERENCE = maker(ExecutorKind.NATIVE), maker(ExecutorKind.REFERENCE)


def world(wat: str, make: MakeExecutor, machine: Machine | None = None) -> World:
    made = World(wat, machine=machine)
    made.executor = make(made.machine)
    return made


# -- rows ------------------------------------------------------------------------------------------

_ROOT = Path(__file__).parents[2]
_VALUES: dict[str, tuple[int, ...]] = {
    "i32": (0, 1, 2, 31, 32, 0x7F, 0x80, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF),
    "i64": (0, 1, 63, 64, 0x8000_0000, 0xFFFF_FFFF, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
    "f32": (0, 0x8000_0000, 1, 0x3F80_0000, 0xBFC0_0000, 0x4F00_0000, 0xCF00_0000, 0x4F80_0000, 0x5F00_0000,
            0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC1_2345, 0x7FA0_0001, 0x7F7F_FFFF, 0x3F00_0000),
    "f64": (0, 1 << 63, 1, 0x3FF0 << 48, 0xBFF8 << 48, 0x41E0 << 48, 0xC1E0_0000_0020_0000, 0x41F0 << 48,
            0x43E0 << 48, 0x43F0 << 48, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 0xFFF8_0000_1234_5678,
            0x7FF4_0000_0000_0001, 0x3FE0 << 48, 0x47EF_FFFF_F000_0000),
}  # fmt: skip
_ROUNDS = 24


def _arithmetic() -> list[Op]:
    """Rows whose operands and result are numbers or vectors, and that touch no memory."""
    plain = set(_VALUES) | {"v128"}
    return [
        op for op in OPS
        if not op.rule and op.width == 0 and op.name != "atomic.fence" and Imm.MEMORY not in op.imm
        and set(op.sig.replace("->", " ").split()) <= plain and "->" in op.sig and op.sig.partition("->")[0].strip()
    ]  # fmt: skip


def _immediates(op: Op) -> str:
    if Imm.LANES in op.imm:
        return " 0 17 2 31 4 19 6 21 15 16 10 27 12 29 14 1"
    return " 1" if Imm.LANE in op.imm else ""


def _row_module() -> str:
    """A function for each row; vectors go in and out through memory."""
    functions = []
    for op in _arithmetic():
        params, results = (part.split() for part in op.sig.split("->"))
        reads = "".join(
            f" (v128.load offset={16 * i} (i32.const 0))" if p == "v128" else
            f" ({p}.load offset={16 * i} (i32.const 0))" for i, p in enumerate(params)
        )  # fmt: skip
        body = f"({op.name}{_immediates(op)}{reads})"
        if len(results) == 1:
            functions.append(f'(func (export "{op.name}") ({results[0]}.store offset=64 (i32.const 0) {body}))')
        else:
            functions.append(f'(func (export "{op.name}") (local i64) {body} (local.set 0)'
                             " (i64.store offset=72 (i32.const 0) (local.get 0)) (local.set 0)"
                             " (i64.store offset=64 (i32.const 0) (local.get 0)))")  # fmt: skip
    return f"(module (memory 1) {''.join(functions)})"


def _operands(op: Op, chance: random.Random) -> bytes:
    data = b""
    for param in op.sig.partition("->")[0].split():
        if param == "v128":
            type_ = chance.choice(("i32", "i64", "f32", "f64"))
            code = "<4I" if type_[1:] == "32" else "<2Q"
            data += struct.pack(code, *chance.choices(_VALUES[type_], k=int(code[1])))
        else:
            data += chance.choice(_VALUES[param]).to_bytes(16, "little")
    return data.ljust(96, b"\xaa")


def test_every_row_of_arithmetic_makes_the_same_bits() -> None:
    wat, chance = _row_module(), random.Random(1)
    worlds = [world(wat, make) for make in (REFERENCE, NATIVE)]
    for op in _arithmetic():
        for _ in range(_ROUNDS):
            data, seen = _operands(op, chance), []
            for each in worlds:
                each.instance.memories[0].write(0, data)
                stop = each.run(op.name)
                seen.append((stop.kind, str(stop.trap), each.instance.memories[0].read(64, 16)))
            assert seen[0] == seen[1], (op.name, data[:64].hex())


def test_every_row_has_a_word_and_what_is_left_to_the_runtime_is_known() -> None:
    assert set(MAKERS) == {op.name for op in OPS}
    assert {op.name for op in _arithmetic()} & RUNTIME_ROWS == set()


def test_handlers_are_valid_in_both_profiles(tmp_path: Path) -> None:
    for canonical in (False, True):
        shape = Shape.of(Layouts(eras.NEWEST), canonical)
        handlers = Handlers(shape, ObjectFolder(tmp_path))
        assert all(handlers[name] for family in FAMILIES.values() for name in family)


@pytest.mark.skipif(sys.platform != "linux", reason="says how Linux places mappings")
def test_handlers_are_linked_in_a_crowded_address_space() -> None:
    """In a process of its own: what would go wrong ends it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.vm.crowded", str(KEPT)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_few_shapes_serve_all_eras() -> None:
    """Offsets are operands: eras differ for handlers only in how wide lengths are and what tables hold."""
    shapes = {Shape.of(Layouts(era), canonical_nan=False) for era in (*eras.ERAS, INVENTED)}
    assert len(shapes) <= 4 < len(eras.ERAS)


# -- exactness -------------------------------------------------------------------------------------


def _stops(chance: random.Random) -> Iterator[int]:
    while True:
        yield chance.choice((1, 1, 2, 3, 5, 8, 13, 21, 50, 200, 1000))


Places = Sequence[tuple[int, int]]  # functions and their instructions


def _sites(where: World, places: Places) -> frozenset[Site]:
    return frozenset(Site(where.instance.addr, func, pc) for func, pc in places)


def _same_all_along(whole: World, pieces: World, chance: random.Random, stops: int, places: Places = ()) -> int:
    """Runs one world natively, the other by either executor in turn; compares the state at every stop."""
    executors: list[Executor] = [NATIVE(pieces.machine), REFERENCE(pieces.machine)]
    for number, ticks in zip(range(stops), _stops(chance), strict=False):
        stop = whole.executor.run(ticks, _sites(whole, places))
        other = chance.choice(executors).run(ticks, _sites(pieces, places))
        assert (stop.kind, str(stop.trap), whole.machine.tick) == (other.kind, str(other.trap), pieces.machine.tick)
        assert state_hash(whole.machine) == state_hash(pieces.machine), (number, whole.machine.tick)
        if stop.kind not in (StopKind.BUDGET, StopKind.SITE):
            return number
    return stops


@pytest.mark.parametrize("name", WORKLOADS)
def test_stopped_anywhere_the_state_is_the_same_by_either_executor(name: str) -> None:
    worlds = [world(source(name), NATIVE) for _ in range(2)]
    for each in worlds:
        each.begin("run", max(2, WORKLOADS[name] // 10))
    _same_all_along(*worlds, random.Random(name), 400)


@pytest.mark.parametrize("name", ["fib", "sieve", "switch", "indirect"])
def test_sites_stop_before_their_first_instruction(name: str) -> None:
    worlds = [world(source(name), NATIVE) for _ in range(2)]
    for each in worlds:
        each.begin("run", max(2, WORKLOADS[name] // 10))
    chance, instance = random.Random(name), worlds[0].instance
    funcs = range(instance.module.num_imported_funcs, len(instance.module.func_type_indexes))
    places = [(f, i) for f in funcs for i, instr in enumerate(instance.facts(f).instrs) if instr.operands is not None]
    assert _same_all_along(*worlds, chance, 400, chance.sample(places, min(6, len(places)))) > 3


def test_going_on_from_a_site_at_a_function_s_first_call_makes_progress() -> None:
    wat = '(module (func $f) (func (export "run") (call $f) (call $f)))'
    each = world(wat, NATIVE)
    each.begin("run")
    sites = {Site(each.instance.addr, 1, 0)}
    for tick in (0, 2):
        assert each.machine.tick == tick
        kind = each.executor.run(None if tick else 2, sites).kind
        assert kind is (StopKind.FINISHED if tick else StopKind.BUDGET)


# -- limits ----------------------------------------------------------------------------------------

DEEP = '(module (func $f (export "run") (param i32) (result i32) (call $f (i32.add (local.get 0) (i32.const 1)))))'


@pytest.mark.parametrize("limits", [MachineLimits(max_frames=1000), MachineLimits(value_stack_bytes=1 << 15)])
def test_too_deep_is_the_same_trap_in_the_same_place(limits: MachineLimits) -> None:
    seen = []
    for make in (REFERENCE, NATIVE):
        each = world(DEEP, make, Machine(limits=limits))
        stop = each.run("run", 0)
        assert stop.trap is not None and stop.trap.kind is TrapKind.CALL_STACK_EXHAUSTED
        seen.append((str(stop.trap), each.machine.tick, each.machine.control.depth, state_hash(each.machine)))
    assert seen[0] == seen[1]


def test_a_million_frames() -> None:
    each = world(DEEP, NATIVE)
    stop = each.run("run", 0)
    assert stop.trap is not None and stop.trap.kind is TrapKind.CALL_STACK_EXHAUSTED
    assert each.machine.control.depth == MachineLimits().max_frames


def test_a_pause_stops_an_endless_loop() -> None:
    each = world('(module (func (export "run") (loop $l (br $l))))', NATIVE)
    answers = iter([False, False, True])
    each.machine.pause_requested = lambda: next(answers)
    assert each.run("run").kind is StopKind.PAUSED


def test_the_first_object_is_written_to_in_the_function_that_makes_it() -> None:
    wat = """(module (type $t (struct (field (mut i32)))) (type $a (array (mut i64)))
      (func (export "run") (result i32) (local $s (ref null $t)) (local $b (ref null $a))
        (local.set $s (struct.new $t (i32.const 1)))
        (struct.set $t 0 (local.get $s) (i32.const 41))
        (local.set $b (array.new $a (i64.const 0) (i32.const 3)))
        (array.set $a (local.get $b) (i32.const 2) (i64.const 1))
        (i32.add (struct.get $t 0 (local.get $s)) (i32.wrap_i64 (array.get $a (local.get $b) (i32.const 2))))))"""
    assert world(wat, NATIVE).call("run") == (42,)


# -- what is kept between runs ---------------------------------------------------------------------


def test_a_kept_object_that_was_damaged_or_is_open_to_others_is_not_used(tmp_path: Path) -> None:
    folder = ObjectFolder(tmp_path)
    folder.put("key", b"machine code")
    (path,) = tmp_path.iterdir()
    assert folder.get("key") == b"machine code" and folder.get("other") is None
    path.chmod(0o622)
    assert folder.get("key") is None
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert folder.get("key") is None
    path.rename(tmp_path / "other.o")
    assert folder.get("other") is None


def test_an_object_is_made_once_and_taken_from_where_it_was_kept(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        make = executor_maker(ExecutorKind.NATIVE, tmp_path, said.append)  # a cache of its own for each `say`
        each = world('(module (func (export "run") (result i32) (i32.const 42)))', make)
        assert each.call("run") == (42,)
    assert len(list(tmp_path.glob("*.o"))) == 1
    assert not list(tmp_path.glob("tmp*"))
    assert has_said_once(said)


def has_said_once(said: list[str]) -> bool:
    return len(said) == 1 and said[0].startswith("making native code once")


def test_silent_rows_have_no_word_of_their_own() -> None:
    silent = {op.name for op in OPS if Has.SILENT in op.has}
    assert silent <= RUNTIME_ROWS
