"""Handlers made into machine code by LLVM, or taken from where they were kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import llvmlite
import llvmlite.binding as llvm

from vm.native.emit.table import FAMILIES, FAMILY_OF, INTRINSICS
from vm.native.emit.watched import SEEN
from vm.native.ir import CONVENTION, Code
from vm.native.shapes import Shape

_LEAVES = ("leave.fuel", "leave.runtime", "leave.site", "leave.watch")


class ObjectStore(Protocol):
    """Where objects are kept between runs."""

    def get(self, key: str) -> bytes | None:
        """An object kept earlier, whole as it was; None: there is none."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keeps an object."""
        ...


class NothingKept:
    """Keeps no objects."""

    def get(self, key: str) -> bytes | None:
        return None

    def put(self, key: str, data: bytes) -> None:
        pass


def source(family: str, shape: Shape) -> str:
    """A family's handlers as LLVM reads them."""
    parts = ['!0 = !{!"branch_weights", i32 1, i32 100000}', INTRINSICS]
    declarations: set[str] = set()
    for name, body in FAMILIES[family].items():
        code = Code(shape)
        body(code)
        parts.append(code.finished(name))
        declarations |= code.declarations
    parts += sorted(declarations)
    if family == "scalar":
        parts.append(_enter(shape))
    else:
        parts += [_leave(name, shape) for name in _LEAVES]  # its own: another object may lie too far away
    if "@seen(" in "".join(parts):
        parts.append(SEEN)
    return "\n".join(parts)


def _leave(name: str, shape: Shape) -> str:
    code = Code(shape)
    FAMILIES["scalar"][name](code)
    return code.finished(name).replace("define ", "define internal ", 1)


def _enter(shape: Shape) -> str:
    """How the driver runs the word at `pc`."""
    c = Code(shape)
    pc = c.context("pc", "ptr")
    base = c.load("ptr", c.context("memory_base", "ptr"), 8)
    bits = f"i{8 * shape.memory_length_bytes}"
    length = c.widen(c.load(bits, c.context("memory_length", "ptr"), shape.memory_length_bytes), bits)
    registers = ", ".join((
        f"ptr {pc}", f"ptr {c.context('fp', 'ptr')}", f"i64 {c.context('fuel')}",
        f"ptr {base}", f"i64 {length}", f"ptr {c.context('cards', 'ptr')}",
        "ptr %ctx",
    ))  # fmt: skip
    c.do(f"call {CONVENTION} void {c.load('ptr', pc, 8)}({registers})")
    c.do("ret void")
    body = "\n".join(c.lines)
    return f"define void @enter(ptr %ctx) nounwind {{\n{body}\n}}\n"


@cache
def target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2,
        reloc="pic", codemodel="small",
    )  # fmt: skip


def object_key(text: str) -> str:
    """What an object is kept under: what it was made of and by."""
    target_machine()
    made_by = (llvmlite.__version__, llvm.llvm_version_info, llvm.get_default_triple(), llvm.get_host_cpu_name(),
               llvm.get_host_cpu_features().flatten(), text)  # fmt: skip
    return hashlib.sha256(repr(made_by).encode()).hexdigest()


def compile_object(text: str) -> bytes:
    """Machine code, position independent. Bad text raises RuntimeError here: it must not reach code generation."""
    module = llvm.parse_assembly(text)
    module.verify()
    made: bytes = target_machine().emit_object(module)
    return made


class Handlers:
    """Addresses of handlers, by name, for machines of one shape. Families come when they are asked for."""

    def __init__(self, shape: Shape, kept: ObjectStore, building: Callable[[str], None] = lambda family: None) -> None:
        self._shape, self._kept, self._building = shape, kept, building
        # JITLink places an object's sections together: they refer to each other by 32-bit distances
        self._jit = llvm.create_lljit_compiler(target_machine(), use_jit_link=True)
        self._trackers: list[Any] = []
        self._addresses: dict[str, int] = {}
        self._load("scalar")
        self.enter_address = self._addresses["enter"]

    def __getitem__(self, name: str) -> int:
        found = self._addresses.get(name)
        if found is None:
            self._load(FAMILY_OF[name])
            found = self._addresses[name]
        return found

    def is_made(self, name: str) -> bool:
        """Whether a handler is there already: no word has one that is not."""
        return name in self._addresses

    def _load(self, family: str) -> None:
        text = source(family, self._shape)
        key = object_key(text)
        data = self._kept.get(key)
        if data is None:
            self._building(family)
            data = compile_object(text)
            self._kept.put(key, data)
        self._link(family, data)

    def _link(self, family: str, data: bytes) -> None:
        names = [*FAMILIES[family], *(["enter"] if family == "scalar" else [])]
        builder = llvm.JITLibraryBuilder().add_object_img(data).add_current_process()
        for name in names:
            builder.export_symbol(name)
        tracker = builder.link(self._jit, family)
        self._trackers.append(tracker)
        self._addresses |= {name: tracker[name] for name in names}
