"""The Python API: a debugger as an object. See docs/python-api.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from debugger.breakpoints import Breakpoint
from debugger.events import Message, Stopped
from debugger.expression.value import Value
from debugger.inspect import Variable
from debugger.launch import Options, load
from debugger.session import Session
from debugger.values import from_python, to_python
from debugger.world import parse_root
from ui.start import Start, WorldArgs
from vm.errors import UserError
from vm.host import HostCall, HostFunction, Outcome, Return
from vm.machine import MachineLimits
from vm.memories import LinearMemory
from vm.module import Import, Module
from vm.types import V128, FuncType
from vm.wasi.world import Stream

Imports = Mapping[str, Mapping[str, Callable[..., object] | HostFunction]]


class Debugger:
    """A program under the debugger, paused at its entry. Close it when done, or use it in a `with` statement."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.messages: list[str] = []  # what log points printed
        session.listen(self._event)
        if session.can_start:
            session.start()

    def __enter__(self) -> Debugger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of files."""
        self.session.close()

    # -- running ---------------------------------------------------------------------------------

    def cont(self) -> Stopped:
        """Until something stops it."""
        return self.session.resume()

    def step(self, count: int = 1) -> Stopped:
        """`count` instructions, into calls."""
        return self.session.step_instruction(count)

    def next(self, count: int = 1) -> Stopped:
        """`count` instructions, over calls."""
        return self.session.step_over(count)

    def step_line(self, into: bool = True) -> Stopped:
        """To the next source line."""
        return self.session.step_line(into)

    def finish(self) -> Stopped:
        """Until the selected frame returns."""
        return self.session.step_out()

    def until(self, location: str) -> Stopped:
        """Until a location is reached."""
        return self.session.run_to(location)

    def invoke(self, name: str, *args: object) -> Stopped:
        """Calls an export; stops at its first instruction. `cont` finishes it."""
        return self.session.invoke(name, tuple(map(str, args)))

    def restart(self) -> Stopped:
        """From the beginning, to the entry."""
        return self.session.restart()

    @property
    def last(self) -> Stopped | None:
        """The latest stop."""
        return self.session.last

    @property
    def tick(self) -> int:
        """How many instructions have been run."""
        return self.session.tick

    # -- breakpoints -----------------------------------------------------------------------------

    def break_at(self, location: str, condition: str = "", *, log: str = "", temporary: bool = False) -> Breakpoint:
        """A breakpoint. Raises UserError."""
        return self.session.add_breakpoint(location, condition=condition, log=log, temporary=temporary)

    def delete(self, breakpoint_: Breakpoint) -> None:
        """Deletes a breakpoint."""
        self.session.breakpoints.delete(breakpoint_.id)

    # -- looking ---------------------------------------------------------------------------------

    def eval(self, expression: str) -> Value:
        """The value of an expression: `.value`, `.text`, `.format("x")`. Raises UserError."""
        return self.session.evaluator().evaluate(expression)

    def set(self, target: str, value: object) -> str:
        """Changes a local, a global, memory or a field; answers what changed. Raises UserError."""
        return self.session.evaluator().assign(target, str(value))

    def call(self, name: str, *args: object, keep: bool = False) -> tuple[str, ...]:
        """Calls a function of the selected instance here; what it changes is put back unless `keep`."""
        instance = self.session.instance()
        func = self.session.inspect.symbols(instance).by_function_name.get(name.removeprefix("$"))
        if func is None:
            raise UserError(f"no function of {instance.name} is called {name!r}")
        return self.session.call(func, from_python(args, instance.module.func_type(func).params), keep)

    def locals(self) -> dict[str, object]:
        """Parameters and locals of the selected frame by name, `$var0` for the first one without a name."""
        return {_name(v): _python(v) for v in self._variables(self.session.inspect.locals)}

    def stack(self) -> list[object]:
        """The operand stack of the selected frame, bottom first."""
        return [_python(v) for v in self._variables(self.session.inspect.operands)]

    def _variables(self, of: Callable[..., tuple[Variable, ...]]) -> tuple[Variable, ...]:
        frame = self.session.frame()
        return () if frame is None else of(frame)

    def globals(self) -> dict[str, object]:
        """Globals of the selected instance by name, `$global0` for one without."""
        found = self.session.inspect.globals(self.session.instance())
        return {v.name if v.name.startswith("$") else f"$global{v.index}": _python(v) for v in found}

    def backtrace(self) -> list[str]:
        """Function names, innermost first."""
        return [frame.name for frame in self.session.inspect.frames()]

    def read(self, offset: int, size: int, memory: int = 0) -> bytes:
        """Bytes of a linear memory of the selected instance. Raises MemoryFault."""
        return self._memory(memory).read(offset, size)

    def write(self, offset: int, data: bytes, memory: int = 0) -> None:
        """Writes bytes into a linear memory of the selected instance. Raises MemoryFault."""
        self.session.write_memory(self._memory(memory), offset, data)

    def _memory(self, number: int) -> LinearMemory:
        memories = self.session.instance().memories
        if number >= len(memories):
            raise UserError(f"there is no memory {number}")
        return memories[number]

    # -- streams ---------------------------------------------------------------------------------

    def feed(self, text: str | bytes) -> None:
        """Standard input for the program."""
        self.session.world.feed_stdin(text.encode() if isinstance(text, str) else text)

    @property
    def stdout(self) -> bytes:
        """What it wrote, the latest megabyte."""
        return self.session.world.outputs.text(Stream.STDOUT)

    @property
    def stderr(self) -> bytes:
        """What it wrote to standard error."""
        return self.session.world.outputs.text(Stream.STDERR)

    def _event(self, event: object) -> None:
        if isinstance(event, Message):
            self.messages.append(event.text)


def open_debugger(
    path: str | os.PathLike[str],
    args: Sequence[str] = (),
    *,
    invoke: Sequence[object] = (),
    imports: Imports | None = None,
    dirs: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    preloads: Mapping[str, str | os.PathLike[str]] | None = None,
    limits: MachineLimits | None = None,
) -> Debugger:
    """A module under the debugger, paused at its entry. Raises WasmscopeError.

    `imports` gives host functions by module and name: a Python callable gets and answers numbers, by the type that the
    module declares. `invoke` is an export and its arguments, to be run instead of `_start`.
    """
    options = Options(
        path=Path(path),
        args=tuple(args),
        invoke=tuple(map(str, invoke)),
        roots=tuple(parse_root(text) for text in dirs),
        env=tuple(f"{name}={value}" for name, value in (env or {}).items()),
        preloads=tuple((name, Path(file)) for name, file in (preloads or {}).items()),
        hosts=_hosts(Path(path), imports or {}),
        limits=limits or MachineLimits(),
    )
    return Debugger(Start(options, WorldArgs()).open())


def _hosts(path: Path, imports: Imports) -> tuple[HostFunction, ...]:
    if not imports:
        return ()
    module = load(path).module
    return tuple(
        given if isinstance(given, HostFunction) else _host(_declared(module, space, name), given)
        for space, functions in imports.items()
        for name, given in functions.items()
    )


def _declared(module: Module, space: str, name: str) -> Import:
    for item in module.imports:
        if (item.module, item.name) == (space, name) and isinstance(item.type, FuncType):
            if V128 in (*item.type.params, *item.type.results):
                raise UserError(f"{space}.{name} takes vectors", "pass a HostFunction")
            return item
    raise UserError(f"the module imports no function {space}.{name}")


def _host(declared: Import, function: Callable[..., object]) -> HostFunction:
    assert isinstance(declared.type, FuncType)
    type_ = declared.type

    def run(call: HostCall) -> Outcome:
        answer = function(*(to_python(s, t) for s, t in zip(call.args, type_.params, strict=True)))
        results = () if not type_.results else answer if isinstance(answer, tuple) else (answer,)
        return Return(from_python(results, type_.results))

    return HostFunction(declared.module, declared.name, type_, run)


def _name(variable: Variable) -> str:
    return variable.name if variable.name.startswith("$") else f"$var{variable.index}"


def _python(variable: Variable) -> object:
    return to_python(variable.slot, variable.type)
