"""The real world's terminal, options and limits; and the world that must not be touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from debugger.terminal import OutputRing
from debugger.world import RealWorld, no_world, parse_root
from tests.wasi.fake import LAYOUTS, FakeCall, FakeMemory, functions
from vm.errors import UserError
from vm.host import Raise, Until
from vm.memory import AddressSpace
from vm.wasi.abi import Clock
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.preview1 import Wasi
from vm.wasi.world import Stream


def test_output_goes_to_the_sink_and_the_ring() -> None:
    heard: list[tuple[Stream, bytes]] = []
    world = RealWorld(on_output=lambda stream, data: heard.append((stream, data)))
    world.output(Stream.STDOUT, b"out")
    world.output(Stream.STDERR, b"err")
    assert heard == [(Stream.STDOUT, b"out"), (Stream.STDERR, b"err")]
    assert world.outputs.text(Stream.STDOUT) == b"out"


def test_the_ring_keeps_the_latest() -> None:
    ring = OutputRing(limit_bytes=10)
    for data in (b"abcdef", b"ghij", b"kl", b"0123456789ABCDEF"):
        ring.add(Stream.STDOUT, data)
    assert ring.text(Stream.STDOUT) == b"6789ABCDEF"
    assert ring.dropped == 18


def test_a_seed_repeats() -> None:
    assert RealWorld(seed=7).random(16) == RealWorld(seed=7).random(16)
    assert RealWorld().random(16) != RealWorld().random(16)


def test_stdin_from_a_pipe() -> None:
    reader, writer = os.pipe()
    world = RealWorld(stdin=reader)
    assert world.input(0, 10) is None
    os.write(writer, b"piped")
    assert world.wait(Until(readable=(0,)), lambda: False)
    assert world.input(0, 3) == b"pip"
    assert world.input(3, 10) == b"ed"
    assert world.input(1, 2) == b"ip"
    os.close(writer)
    assert world.input(5, 10) == b""
    os.close(reader)


def test_stdin_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from a file")
    world = RealWorld(stdin=tmp_path / "in")
    assert world.input(5, 100) == b"a file"
    assert world.input(11, 100) == b""
    with pytest.raises(UserError):
        world.feed_stdin(b"x")
    with pytest.raises(UserError):
        RealWorld(stdin=tmp_path / "missing")


def test_a_closed_world_holds_nothing_open(tmp_path: Path) -> None:
    def held() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    (tmp_path / "in").touch()
    before = held()
    RealWorld((parse_root(str(tmp_path)),), stdin=tmp_path / "in").close()
    assert held() == before


def test_directory_options(tmp_path: Path) -> None:
    root = parse_root(f"{tmp_path}::/data")
    assert (root.host, root.guest) == (os.fsencode(tmp_path.resolve()), b"/data")
    assert parse_root(str(tmp_path)).guest == os.fsencode(tmp_path)
    assert parse_root(".").guest == b"."
    (tmp_path / "file").touch()
    for bad in (f"{tmp_path}/missing", f"{tmp_path}/file::/x", "", "::/x"):
        with pytest.raises(UserError):
            parse_root(bad)


def test_clocks_move() -> None:
    world = RealWorld()
    assert world.now_ns(Clock.MONOTONIC) <= world.now_ns(Clock.MONOTONIC)
    assert world.now_ns(Clock.REALTIME) > 10**18


def test_no_world_fails_on_any_use() -> None:
    table = DescriptorTable.create(AddressSpace(), LAYOUTS)
    run = functions(Wasi(table, no_world()))
    with pytest.raises(AssertionError):
        run["clock_time_get"](FakeCall((0, 0, 256), FakeMemory()))


def test_without_a_memory_every_call_traps() -> None:
    table = DescriptorTable.create(AddressSpace(), LAYOUTS)
    for name, run in functions(Wasi(table, no_world())).items():
        assert isinstance(run(FakeCall((), None)), Raise), name
