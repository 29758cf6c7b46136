"""From a file and options to a machine that is ready to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from debugger.provide import Stub, runtime_functions, shared_memories, stub_entities, stubs
from debugger.scratch import BOUNDARY
from debugger.values import parse_args
from vm.decode import decode
from vm.errors import UserError
from vm.host import HostFunction
from vm.instance import Extern, Instance
from vm.instantiate import instantiate
from vm.journal import DEFAULT_LIMIT_BYTES, Journal
from vm.layout import Era
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.memories import MemoryStyle
from vm.module import Module, ValidModule
from vm.text import assemble
from vm.types import ExternKind, FuncType
from vm.validate import validate, validate_declarations
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.preview1 import Wasi
from vm.wasi.world import Root, World

_WASM_MAGIC = b"\0asm"

DEFAULT_HISTORY_BYTES = 512 << 20


@dataclass(frozen=True)
class Options:
    """What to run, and how."""

    path: Path
    args: tuple[str, ...] = ()  # the program's own arguments
    invoke: tuple[str, ...] = ()  # an export and its arguments, instead of `_start`
    roots: tuple[Root, ...] = ()  # preopened directories
    env: tuple[str, ...] = ()  # NAME=value
    preloads: tuple[tuple[str, Path], ...] = ()  # (module name, file): its exports can be imported
    hosts: tuple[HostFunction, ...] = ()
    stubs: tuple[Stub, ...] = ()  # host functions that answer the same each time, or trap
    limits: MachineLimits = field(default_factory=MachineLimits)
    era: Era | None = None  # None: the newest
    canonical_nan: bool = False  # arithmetic makes only these
    memory_style: MemoryStyle = MemoryStyle.AUTO
    log_limit_bytes: int = DEFAULT_LIMIT_BYTES
    history_bytes: int = DEFAULT_HISTORY_BYTES  # of checkpoints for going back
    cache: Path | None = None  # a folder for what can be made again
    source_maps: tuple[tuple[str, str], ...] = ()  # (from, to): where recorded paths of sources lead
    record: Path | None = None  # where the run's inputs are written when it is left


@dataclass(frozen=True)
class Loaded:
    """A file that holds a valid module. `text` is its source when it is a .wat file."""

    path: Path
    valid: ValidModule
    text: str | None

    @property
    def module(self) -> Module:
        return self.valid.module


def load(path: Path, bodies_later: bool = False) -> Loaded:
    """Reads, assembles if it is text, decodes and validates. Raises WasmscopeError.

    `bodies_later`: function bodies are still to be validated before anything runs.
    """
    data = read_file(path)
    text = None
    if not data.startswith(_WASM_MAGIC) and (path.suffix in (".wat", ".wast") or _looks_like_text(data)):
        text = _decode_text(path, data)
        data = assemble(text, str(path))
    check = validate_declarations if bodies_later else validate
    return Loaded(path, check(decode(data)), text)


def read_file(path: Path, hint: str = "name a .wasm or .wat file") -> bytes:
    """A file's bytes. Raises UserError; `hint`: what to name instead."""
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise UserError(f"{path} {what}", hint)
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def _looks_like_text(data: bytes) -> bool:
    return data.lstrip()[:1] == b"(" or data.lstrip().startswith(b";;")


def _decode_text(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text, at byte {error.start:#x}") from None


@dataclass(frozen=True, slots=True)
class Phase:
    """A call that the launch is made of: `start`, `_initialize`, then the entry itself."""

    instance: Instance
    func: int
    type: FuncType
    args: tuple[int, ...]
    label: str
    is_entry: bool


@dataclass(frozen=True)
class Launched:
    """A machine with all instances made, and what is to be called in turn."""

    machine: Machine
    main: Instance
    descriptors: DescriptorTable
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A state that was put into a machine: whether it can go on from there, and what is to be said of it."""

    resumes: bool
    notes: tuple[str, ...]


Restore = Callable[[Machine, Instance], Restored]


@dataclass(frozen=True)
class Program:
    """How to get from nothing to a machine that is ready: again at every restart.

    `stop_tick`: go on from the entry to this tick at once; 0: stay at the entry; negative: go on to what stops it.
    """

    loaded: Loaded
    launch: Callable[[World], Launched]
    stop_tick: int = 0
    restore: Restore | None = None  # puts a state into the machine instead of beginning


def program(options: Options, bodies_later: bool = False) -> Program:
    """What options describe. Raises WasmscopeError."""
    loaded = load(options.path, bodies_later=bodies_later)
    return Program(loaded, lambda world: launch(options, loaded, world))


def launch(options: Options, loaded: Loaded, world: World) -> Launched:
    """Builds the store. Raises LinkError and UserError; a Trap of a segment or of the exhaustion kind goes up."""
    machine = Machine(options.era, options.limits)
    machine.canonical_nan = options.canonical_nan
    machine.memory_style = options.memory_style
    machine.journal = Journal(options.log_limit_bytes)
    descriptors = DescriptorTable.create(machine.space, machine.layouts, options.roots)
    args = (loaded.path.name, *options.args)
    wasi = Wasi(descriptors, world, tuple(map(os.fsencode, args)), tuple(map(os.fsencode, options.env)))
    provider: dict[tuple[str, str], Extern | HostFunction] = {(f.module, f.name): f for f in wasi.functions()}
    provider.update({(f.module, f.name): f for f in (*runtime_functions(), *options.hosts)})
    phases: list[Phase] = []
    for name, path in options.preloads:
        instance = instantiate(machine, load(path).valid, provider, name)
        phases += _start_phases(instance)
        provider.update({(name, export): extern for export, extern in exports_of(instance).items()})
    provider.update(shared_memories(machine, loaded.module, provider))
    provider.update(stub_entities(machine, loaded.module, options.stubs, provider))
    provider.update(stubs(loaded.module, options.stubs, provider))
    name = loaded.module.names.module or loaded.path.stem
    main = instantiate(machine, loaded.valid, provider, name)
    machine.thread_instance = lambda caller: instantiate(
        machine, loaded.valid, provider, f"{name}, thread {len(machine.threads)}"
    )
    machine.define_host(BOUNDARY)
    phases += _start_phases(main)
    phases += _entry_phases(main, options)
    return Launched(machine, main, descriptors, tuple(phases))


def _start_phases(instance: Instance) -> Sequence[Phase]:
    start = instance.module.start
    if start is None:
        return ()
    return (Phase(instance, start, FuncType((), ()), (), f"start function of {instance.name}", False),)


def _entry_phases(main: Instance, options: Options) -> Sequence[Phase]:
    module = main.module
    phases = []
    reactor = module.export("_initialize")
    if reactor is not None and reactor.kind is ExternKind.FUNC:
        phases.append(Phase(main, reactor.index, module.func_type(reactor.index), (), "_initialize", False))
    if options.invoke:
        phases.append(invocation(main, options.invoke[0], options.invoke[1:]))
    elif (command := module.export("_start")) is not None and command.kind is ExternKind.FUNC:
        phases.append(Phase(main, command.index, module.func_type(command.index), (), "_start", True))
    return phases


def under_way(machine: Machine) -> tuple[Phase, ...]:
    """The call that a machine is in the middle of."""
    if not machine.control.depth:
        return ()
    outermost = machine.control[0]
    instance = machine.instance_at(outermost.vmctx)
    assert instance is not None
    return (Phase(instance, outermost.func, instance.module.func_type(outermost.func), (), "restored", True),)


def invocation(main: Instance, name: str, args: tuple[str, ...]) -> Phase:
    """A call of an export with arguments as text. Raises UserError."""
    export = main.module.export(name)
    if export is None or export.kind is not ExternKind.FUNC:
        raise UserError(f"no exported function is called {name!r}", _exports_hint(main))
    type_ = main.module.func_type(export.index)
    return Phase(main, export.index, type_, parse_args(args, type_, name), name, True)


def _exports_hint(main: Instance) -> str:
    names = [e.name for e in main.module.exports if e.kind is ExternKind.FUNC]
    if not names:
        return "the module exports no function"
    return "exported: " + ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
