"""Python host functions for modules compiled with emscripten's `invoke_*` and longjmp, and for two interpreters.

`invoke_x(f, args...)` calls table element `f`; when something it calls jumps (`_emscripten_throw_longjmp`), the frames
above are left, the guest's stack pointer is put back and `setThrew(1, 0)` is called, and `invoke_x` answers 0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from debugger.launch import Options, load
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from vm.host import Call, HostCall, HostFunction, Outcome, Return, Throw
from vm.module import Module
from vm.types import ExternKind, FuncType

_LONGJMP = "longjmp"


class Output:
    """What a guest wrote, by the number it wrote to."""

    def __init__(self) -> None:
        self.streams: dict[int, bytes] = {}

    def write(self, call: HostCall) -> Outcome:
        """host_write(stream, at, size)"""
        stream, at, size = call.args
        assert call.memory is not None
        self.streams[stream] = self.streams.get(stream, b"") + call.memory.read(at, size)
        return Return()


def _zeros(type_: FuncType) -> Return:
    return Return((0,) * len(type_.results))


def _invoke(type_: FuncType) -> Callable[[HostCall], Outcome]:
    """`invoke_*` of a type, whose first parameter is the table index."""

    def run(call: HostCall) -> Outcome:
        def save_then_call(call_: HostCall, results: tuple[int, ...]) -> Outcome:
            return Call(call.element(0, call.args[0]), call.args[1:], finished, catch(results[0]))

        def finished(call_: HostCall, results: tuple[int, ...]) -> Outcome:
            return Return(results)

        return Call(call.export(_stack_function(call, "save")), (), save_then_call)

    def catch(stack_pointer: int) -> Callable[[HostCall, Throw], Outcome]:
        def caught(call: HostCall, throw: Throw) -> Outcome:
            restore = call.export(_stack_function(call, "restore"))
            return Call(restore, (stack_pointer,), note_jump)

        def note_jump(call: HostCall, results: tuple[int, ...]) -> Outcome:
            return Call(call.export("setThrew"), (1, 0), lambda c, r: _zeros(type_))

        return caught

    return run


def _stack_function(call: HostCall, what: str) -> str:
    """emscripten calls them stackSave and stackRestore, other tools stack_save and stack_restore."""
    snake, camel = f"stack_{what}", f"stack{what.capitalize()}"
    caller = getattr(call, "caller", None)
    return snake if caller is not None and caller.module.export(snake) is not None else camel


def host_functions(module: Module, output: Output) -> tuple[HostFunction, ...]:
    """A function for every `env` import of the module."""
    made = []
    for wanted in module.imported(ExternKind.FUNC):
        if wanted.module == "env":
            assert isinstance(wanted.type, FuncType)
            made.append(HostFunction("env", wanted.name, wanted.type, _function(wanted.name, wanted.type, output)))
    return tuple(made)


def _function(name: str, type_: FuncType, output: Output) -> Callable[[HostCall], Outcome]:
    if name.startswith("invoke_"):
        return _invoke(type_)
    if name == "_emscripten_throw_longjmp":
        return lambda call: Throw(_LONGJMP)
    if name == "host_write":
        return output.write
    return lambda call: _zeros(type_)


class Interpreter:
    """A guest interpreter: its exports are called one after the other in one session."""

    def __init__(self, path: Path) -> None:
        self.output = Output()
        hosts = host_functions(load(path).module, self.output)
        self.session = Session(Options(path, hosts=hosts, log_limit_bytes=0), RealWorld(), make_executor=maker())
        if self.session.can_start:
            self.session.start()

    def call(self, name: str, *args: int) -> int:
        """Calls an export to its end."""
        self.session.invoke(name, tuple(map(str, args)))
        stopped = self.session.resume()
        assert stopped.detail.trap is None, stopped.detail.trap
        return int(stopped.detail.results[0]) if stopped.detail.results else 0

    def source(self, text: str) -> tuple[int, int]:
        """Puts a text into the guest's memory: where, and how many bytes."""
        data = text.encode()
        at = self.call("malloc", len(data) + 1)
        self.session.main.memories[0].write(at, data + b"\0")
        return at, len(data)


def run_micropython(path: Path, text: str) -> bytes:
    """What a Python program prints."""
    guest = Interpreter(path)
    assert guest.call("mp_sandbox_init", 256 << 10) == 0
    assert guest.call("mp_sandbox_exec", *guest.source(text)) == 0
    guest.session.close()
    return guest.output.streams.get(1, b"")


def run_quickjs(path: Path, text: str) -> bytes:
    """The value of a JavaScript expression, as JSON."""
    guest = Interpreter(path)
    assert guest.call("qjs_init", 0, 512 << 10) == 0
    guest.call("qjs_eval", *guest.source(text))
    guest.session.close()
    return guest.output.streams.get(3, b"")
