"""Custom page sizes and wide arithmetic."""

from __future__ import annotations

import pytest

from tests.worlds import World, module
from vm.decode import decode
from vm.errors import ValidationError
from vm.machine import Machine, MachineLimits
from vm.stop import StopKind
from vm.validate import validate

PAGES = """(module (memory 100 200 (pagesize 1)) (data (i32.const 97) "abc")
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"""


def test_pages_of_one_byte() -> None:
    world = World(PAGES, machine=Machine(limits=MachineLimits(max_memory_bytes=1 << 20)))
    for name, args, result in (("size", (), 100), ("load", (99,), 99), ("grow", (100,), 100), ("load", (199,), 0)):
        assert world.run(name, *args).kind is StopKind.FINISHED
        assert world.machine.results() == (result,)
    assert world.run("load", 200).kind is StopKind.TRAP
    world.run("grow", 1)
    assert world.machine.results() == (0xFFFF_FFFF,)


def test_other_page_sizes_are_invalid() -> None:
    header = b"\0asm\1\0\0\0"
    with pytest.raises(ValidationError, match="2 \\*\\* 4"):
        validate(decode(header + b"\x05\x04\x01\x08\x01\x04"))
    assert validate(module("(module (memory 1 (pagesize 65536)))")).module.memories[0].page_bytes == 65536


@pytest.mark.parametrize(
    ("name", "args", "low", "high"),
    [
        ("i64.add128", (-1, 0, 1, 0), 0, 1),
        ("i64.sub128", (0, 0, 1, 0), -1, -1),
        ("i64.mul_wide_s", (-2, 3), -6, -1),
        ("i64.mul_wide_u", (-1, -1), 1, -2),
    ],
)
def test_wide_arithmetic(name: str, args: tuple[int, ...], low: int, high: int) -> None:
    params = " ".join(f"(local.get {i})" for i in range(len(args)))
    wat = f'(module (func (export "run") (param {"i64 " * len(args)}) (result i64 i64) ({name} {params})))'
    world = World(wat)
    mask = (1 << 64) - 1
    world.run("run", *(a & mask for a in args))
    assert world.machine.results() == (low & mask, high & mask)
