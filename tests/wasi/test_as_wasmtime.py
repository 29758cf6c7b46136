"""Every function answers as Wasmtime's does: errno, what it stores, and what becomes of the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.world import RealWorld
from tests.wasi.fake import FakeGuest
from tests.wasi.forward import WasmtimeGuest
from tests.wasi.probe import Guest, Probe, Scenario
from tests.wasi.scenarios import bytes_moved, changes, descriptors, paths, polling, process
from tests.wasi.scenarios.folder import populate
from vm.wasi.signatures import SIGNATURES
from vm.wasi.world import Root

SCENARIOS: tuple[Scenario, ...] = tuple(
    scenario for group in (process, bytes_moved, descriptors, paths, changes, polling) for scenario in group.SCENARIOS
)
ARGS = ("program", "first", "päth")
ENV = (("HOME", "/home"), ("EMPTY", ""))
STDIN = b"typed in\n"


def _folders(base: Path) -> tuple[Path, Path]:
    folders = base / "folder", base / "other"
    for folder in folders:
        folder.mkdir(parents=True)
    populate(folders[0])
    return folders


def _ours(base: Path, folders: tuple[Path, Path]) -> Guest:
    (base / "stdin").write_bytes(STDIN)
    roots = tuple(Root(str(f).encode(), f"/{f.name}".encode()) for f in folders)
    env = tuple(f"{k}={v}".encode() for k, v in ENV)
    return FakeGuest(RealWorld(roots, stdin=base / "stdin"), tuple(a.encode() for a in ARGS), env)


def _wasmtime(base: Path, folders: tuple[Path, Path]) -> Guest:
    return WasmtimeGuest(folders, base, args=ARGS, env=ENV, stdin=STDIN)


def _observed(guest: Guest, scenario: Scenario, folders: tuple[Path, Path]) -> Probe:
    probe = Probe(guest, *folders)
    try:
        scenario(probe)
    finally:
        guest.close()
    return probe


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_alike(scenario: Scenario, tmp_path: Path) -> None:
    seen = []
    for name, start in (("ours", _ours), ("wasmtime", _wasmtime)):
        folders = _folders(tmp_path / name)
        seen.append(_observed(start(tmp_path / name, folders), scenario, folders).seen)
    assert seen[0] == seen[1]


def test_each_function_is_tried(tmp_path: Path) -> None:
    called: set[str] = set()
    for scenario in SCENARIOS:
        base = tmp_path / scenario.__name__
        folders = _folders(base)
        called |= _observed(_ours(base, folders), scenario, folders).called
    assert called == {s.name for s in SIGNATURES}
    assert len(called) == 46


def test_no_memory_traps(tmp_path: Path) -> None:
    guest = WasmtimeGuest((), tmp_path, memory=False)
    assert guest.call("sched_yield") == guest.call("proc_exit", 0) == "trap"
