"""Which executor runs a machine: native code where llvmlite works, else plain Python."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vm.errors import UserError
from vm.instructions import instructions
from vm.machine import Machine
from vm.module import Module
from vm.ops.row import Has
from vm.reference.executor import ReferenceExecutor
from vm.stop import NO_HOOKS, Executor, Hooks, Site, Stop

if TYPE_CHECKING:
    from vm.native.build import Handlers
    from vm.native.shapes import Shape

MakeExecutor = Callable[[Machine], Executor]
REFERENCE: MakeExecutor = ReferenceExecutor
_DIGEST_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class ExecutorKind(StrEnum):
    """What the user asks for. AUTO: native where it works, else the reference."""

    AUTO = "auto"
    NATIVE = "native"
    REFERENCE = "reference"


class ObjectFolder:
    """Machine code kept between runs, a file an object. What is damaged or somebody else's is never used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> bytes | None:
        """An object kept earlier, if the file is the user's own and whole."""
        try:
            with (self.folder / f"{key}.o").open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except OSError:
            return None
        if status.st_uid != os.getuid() or status.st_mode & _OTHERS_WRITE:
            return None
        digest, made = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        return made if hashlib.sha256(key.encode() + made).digest() == digest else None

    def put(self, key: str, data: bytes) -> None:
        """Keeps an object; a folder that cannot be written to costs only the next start's time."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(hashlib.sha256(key.encode() + data).digest() + data)
            Path(file.name).replace(self.folder / f"{key}.o")


def executor_maker(
    kind: ExecutorKind, kept: Path | None = None, say: Callable[[str], None] = lambda text: None
) -> MakeExecutor:
    """Makes executors of a kind. `kept`: the folder in which machine code is kept between runs, None: nowhere.

    `say` is told once what takes time, or that AUTO fell back. Raises UserError when NATIVE cannot be had.
    """
    if kind is ExecutorKind.REFERENCE:
        return REFERENCE
    if kind is ExecutorKind.NATIVE and (problem := _problem()):
        raise UserError(f"native code needs llvmlite: {problem}", "use --executor auto")
    return lambda machine: WhenRun(lambda: _native(machine, kept, say))


class WhenRun:
    """An executor that is made when something is first run: looking at a module does not wait for it."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._made: Executor | None = None

    def run(
        self, budget: int | None, sites: Set[Site] = frozenset(), hooks: Hooks = NO_HOOKS, *, over_site: bool = True
    ) -> Stop:
        """See `vm.stop.Executor`."""
        if self._made is None:
            self._made = self._make()
        return self._made.run(budget, sites, hooks, over_site=over_site)

    def step(self) -> bool:
        """See `vm.stop.Executor`."""
        return self._made is not None and self._made.step()


@cache
def _problem() -> str:
    """Why there can be no native code here; nothing: there can."""
    try:
        import vm.native.build  # noqa: F401 - llvmlite is loaded here, or is not there
    except (ImportError, OSError) as error:
        return str(error)
    return ""


def _native(machine: Machine, kept: Path | None, say: Callable[[str], None]) -> Executor:
    if problem := _problem():
        _fall_back(problem, say)
        return REFERENCE(machine)
    from vm.native.executor import NativeExecutor
    from vm.native.shapes import Shape

    shape = Shape.of(machine.layouts, machine.canonical_nan)
    return NativeExecutor(machine, _handlers(shape, kept, say))


@lru_cache(maxsize=1)
def _fall_back(problem: str, say: Callable[[str], None]) -> None:
    say(f"no native code, llvmlite cannot be loaded ({problem}): the reference executor runs the program, slowly")


@lru_cache(maxsize=4)
def _handlers(shape: Shape, kept: Path | None, say: Callable[[str], None]) -> Handlers:
    from vm.native.build import Handlers, NothingKept

    store = NothingKept() if kept is None else ObjectFolder(kept)
    return Handlers(shape, store, lambda family: say(f"making native code once ({family}) ..."))


@dataclass(frozen=True, slots=True)
class Served:
    """How a module's instructions would be run natively: `left` counts, by row, those that the runtime does."""

    total: int
    left: Mapping[str, int]


def served_natively(module: Module) -> Served:
    """Counts a module's instructions that retire; calls of imported functions are the host's. Raises DecodeError."""
    from vm.native.words import RUNTIME_ROWS

    left: Counter[str] = Counter()
    total = 0
    for body in module.bodies:
        for instr in instructions(module.bytes, body.code):
            if Has.SILENT in instr.op.has:
                continue
            total += 1
            name = instr.op.name
            if name in ("call", "return_call") and instr.imm[0] in range(module.num_imported_funcs):
                left[f"{name} of an import"] += 1
            elif name in RUNTIME_ROWS:
                left[name] += 1
    return Served(total, dict(left.most_common()))
