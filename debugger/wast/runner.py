"""Runs a script: its modules in one store, its assertions one after another, its threads in turn.

A thread of the script is a generator over a guest thread: it yields whenever another one may go on.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from debugger.executors import REFERENCE, MakeExecutor
from debugger.provide import runtime_functions
from debugger.wast.node import Node
from debugger.wast.script import Script, module_bytes, string_bytes, words_of
from debugger.wast.spectest import SPECTEST_HOSTS, spectest_module
from debugger.wast.values import argument, expected_text, matches
from vm.branch_hints import check
from vm.decode import decode
from vm.errors import DecodeError, LinkError, Trap, TrapKind, UserError, ValidationError, WasmscopeError
from vm.globals import read_global
from vm.host import HostFunction
from vm.instance import Extern, GlobalExtern, Instance
from vm.instantiate import instantiate
from vm.layout import Era
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.module import ValidModule
from vm.stop import StopKind
from vm.text import assemble
from vm.threads import GuestThread, time_out
from vm.types import ExternKind, ValType, grouped, spread
from vm.validate import validate

LIMITS = MachineLimits(max_frames=20_000, max_memory_bytes=1 << 34)  # no page costs anything before it is used
MAX_TICKS = 500_000_000  # of one action
_TURN_TICKS = 1_000  # when there are several threads
_CONTRADICTS = ("multiple memories", "multiple tables")  # refused before WebAssembly 2.0 and 3.0

Steps = Generator[bool, None, None]  # yields whether something was done since the last time


class Failed(Exception):
    """An assertion does not hold, or a command cannot be run."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(expected, got)
        self.expected, self.got = expected, got


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that failed."""

    line: int
    command: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.command}: expected {self.expected}, got {self.got}"


@dataclass
class Tally:
    """What became of a script's commands. `contradicting` names assertions that do not hold in WebAssembly 3.0."""

    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    contradicting: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Action:
    """A call that an assertion is about."""

    instance: Instance
    func: int
    args: tuple[int, ...]


class Reached(Exception):
    """The action that was looked for is next."""

    def __init__(self, action: Action) -> None:
        super().__init__(action)
        self.action = action


class Runner:
    """One script on a store of its own. `stop_line`: raises Reached before the action of the command there."""

    def __init__(
        self,
        script: Script,
        max_ticks: int = MAX_TICKS,
        stop_line: int | None = None,
        *,
        canonical_nan: bool = False,
        make_executor: MakeExecutor = REFERENCE,
        era: Era | None = None,
    ) -> None:
        self.script, self.max_ticks, self.stop_line = script, max_ticks, stop_line
        self.machine = Machine(era, LIMITS)
        self.machine.canonical_nan = canonical_nan
        self.executor = make_executor(self.machine)
        self.tally = Tally()
        self.running: list[ScriptThread] = []

    def run(self) -> Tally:
        """Runs it all. Raises Reached."""
        main = ScriptThread(self, self.script.commands, self.machine.threads[0])
        main.provide_spectest()
        self.start(main)
        while not main.done:
            progress = [thread.advance() for thread in list(self.running)]
            if True not in progress and not time_out(self.machine, may_skip=True):
                main.fail(main.at, "that somebody can go on", "every thread waits")
                break
        return self.tally

    def start(self, thread: ScriptThread) -> None:
        self.running.append(thread)

    @property
    def turn_ticks(self) -> int:
        """How long a thread runs before others do."""
        return _TURN_TICKS if len(self.running) > 1 else self.max_ticks


class ScriptThread:
    """The commands of a script, or of a `thread` form, with names of their own."""

    def __init__(self, runner: Runner, commands: Sequence[Node], guest: GuestThread) -> None:
        self.runner, self.script, self.machine = runner, runner.script, runner.machine
        self.guest = guest
        self.registered: dict[tuple[str, str], Extern | HostFunction] = {}
        # A name of the script serves where none is registered: what no official script asks for, but Wasmtime's do.
        self.by_name: dict[tuple[str, str], Extern | HostFunction] = {}
        self.provider = ChainMap(self.registered, self.by_name)
        self.named: dict[str, Instance] = {}
        self.definitions: dict[str, ValidModule] = {}
        self.threads: dict[str, ScriptThread] = {}
        self.current: Instance | None = None
        self.last_definition: ValidModule | None = None
        self.done = False
        self.at = commands[0] if commands else Node(0, 0, [])
        self._steps = self._all(commands)

    def provide_spectest(self) -> None:
        """The host module that scripts import from."""
        self.registered |= {(f.module, f.name): f for f in (*SPECTEST_HOSTS, *runtime_functions())}
        valid = validate(decode(assemble(spectest_module(self.machine.layouts.era), "spectest")))
        self._register("spectest", instantiate(self.machine, valid, self.provider))

    def advance(self) -> bool:
        """Goes on until others may; whether something was done."""
        self.machine.switch(self.guest.number)
        try:
            return next(self._steps)
        except StopIteration:
            self.done = True
            self.runner.running.remove(self)
            return True

    def fail(self, node: Node, expected: str, got: str) -> None:
        """Notes a failure; or that the assertion is none of WebAssembly 3.0's."""
        failure = Failure(self.script.line(node), node.head, expected, got)
        message = node.items[-1] if node.items else ""
        outdated = node.head in ("assert_invalid", "assert_unlinkable") and got == "a valid module"
        if outdated and isinstance(message, str) and message.strip('"') in _CONTRADICTS:
            self.runner.tally.contradicting.append(failure)
        else:
            self.runner.tally.failures.append(failure)

    # -- commands --------------------------------------------------------------------------------

    def _all(self, commands: Sequence[Node]) -> Steps:
        for node in commands:
            self.at = node
            yield True
            try:
                yield from self._command(node)
                if node.head.startswith("assert_"):
                    self.runner.tally.passed += 1
            except Failed as failed:
                self.fail(node, failed.expected, failed.got)
            except (WasmscopeError, Trap) as error:
                self.fail(node, "that it works", str(error))

    def _command(self, node: Node) -> Steps:
        inner = node.nodes()
        match node.head:
            case "module":
                yield from self._module(node)
            case "register":
                self._register(string_bytes(str(node.items[1])).decode(), self._instance(node.items[2:]))
            case "invoke" | "get":
                yield from self._action(node)
            case "assert_return" if inner:
                yield from self._assert_return(inner[0], inner[1:])
            case "assert_trap" | "assert_exhaustion" | "assert_exception" if inner:
                yield from self._assert_trap(node.head, inner[0])
            case "assert_unlinkable" if inner:
                self._assert_unlinkable(inner[0])
            case "assert_invalid" | "assert_malformed" | "assert_invalid_custom" | "assert_malformed_custom" if inner:
                self._assert_refused(inner[0], custom=node.head.endswith("_custom"))
            case "thread":
                self._thread(node)
            case "wait":
                yield from self._wait(node)
            case _:
                raise Failed("a command of test scripts", f"({node.head or '?'} ...)")

    # -- modules ---------------------------------------------------------------------------------

    def _module(self, node: Node) -> Steps:
        words = words_of(node)
        name = next((w for w in words if w.startswith("$")), "")
        if "definition" in words:
            self.last_definition = self._valid(node)
            if name:
                self.definitions[name] = self.last_definition
            return
        self.current = None
        if "instance" in words:
            valid = self.definitions[words[2]] if len(words) > 2 else self.last_definition
            if valid is None:
                raise UserError("there is no module definition to make an instance of")
        else:
            valid = self._valid(node)
        self.current = yield from self._made(valid)
        if name:
            self.named[name] = self.current
            self.by_name |= {(name[1:], export): extern for export, extern in exports_of(self.current).items()}

    def _valid(self, node: Node) -> ValidModule:
        if node.bare:
            return validate(decode(assemble(self.script.text, self.script.name)))
        return validate(decode(module_bytes(self.script, node)))

    def _made(self, valid: ValidModule) -> Generator[bool, None, Instance]:
        instance = instantiate(self.machine, valid, self.provider)
        if valid.module.start is not None:
            yield from self._call(instance, valid.module.start, ())
        return instance

    def _register(self, name: str, instance: Instance) -> None:
        self.registered.update({(name, export): extern for export, extern in exports_of(instance).items()})

    def _instance(self, items: Sequence[Node | str]) -> Instance:
        name = next((i for i in items if isinstance(i, str) and i.startswith("$")), None)
        found = self.named.get(name) if name else self.current
        if found is None:
            raise UserError(f"there is no module {name}" if name else "no module was made before")
        return found

    # -- actions ---------------------------------------------------------------------------------

    def _call(self, instance: Instance, func: int, args: tuple[int, ...]) -> Generator[bool, None, tuple[int, ...]]:
        machine, ticks = self.machine, 0
        machine.clear_call()
        machine.begin((instance, func), args)
        while True:
            before = machine.tick
            stop = self.runner.executor.run(self.runner.turn_ticks)
            ticks += machine.tick - before
            match stop.kind:
                case StopKind.FINISHED:
                    return machine.results()
                case StopKind.TRAP:
                    machine.clear_call()
                    assert stop.trap is not None
                    raise stop.trap
                case StopKind.WAITING:
                    while self.guest.record.get("wait_addr"):
                        yield False
                case _ if ticks >= self.runner.max_ticks:
                    machine.clear_call()
                    raise Failed("that it ends", f"it still runs after {ticks:,} instructions")
                case _:
                    yield True

    def _action(self, node: Node) -> Generator[bool, None, tuple[tuple[int, ...], tuple[ValType, ...]]]:
        instance = self._instance(node.items[1:2])
        name = next((string_bytes(i).decode() for i in node.items if isinstance(i, str) and i.endswith('"')), "")
        export = instance.module.export(name)
        if node.head == "get":
            extern = exports_of(instance).get(name)
            if not isinstance(extern, GlobalExtern):
                raise UserError(f"no global is exported as {name!r}")
            return (read_global(self.machine, extern),), (extern.type.value,)
        if node.head != "invoke" or export is None or export.kind is not ExternKind.FUNC:
            raise UserError(f"no function is exported as {name!r}")
        type_ = instance.module.func_type(export.index)
        if len(node.nodes()) != len(type_.params):
            raise UserError(f"{name!r} takes {len(type_.params)} arguments, {len(node.nodes())} are given")
        args = spread(tuple([argument(self.machine, n) for n in node.nodes()]), type_.params)
        if self.runner.stop_line == self.script.line(self.at):
            raise Reached(Action(instance, export.index, args))
        results = yield from self._call(instance, export.index, args)
        return grouped(results, type_.results), type_.results

    # -- assertions ------------------------------------------------------------------------------

    def _assert_return(self, action: Node, expected: list[Node]) -> Steps:
        want = " ".join(map(expected_text, expected)) or "no result"
        try:
            slots, types = yield from self._action(action)
        except Trap as trap:
            raise Failed(want, f"the trap {trap}") from None
        got = " ".join(f"({t} {s:#x})" for s, t in zip(slots, types, strict=True)) or "no result"
        same = len(slots) == len(expected) and all(
            matches(self.machine, slot, type_, node) for slot, type_, node in zip(slots, types, expected, strict=True)
        )
        if not same:
            raise Failed(want, got)

    def _assert_trap(self, kind: str, node: Node) -> Steps:
        try:
            if node.head == "module":
                yield from self._made(self._valid(node))
            else:
                yield from self._action(node)
        except Trap as trap:
            exception = trap.kind is TrapKind.UNCAUGHT_EXCEPTION
            if (kind == "assert_exception") != exception:
                raise Failed("an exception" if not exception else "a trap", f"the trap {trap}") from None
            return
        raise Failed("an exception" if kind == "assert_exception" else "a trap", "that it returns")

    def _assert_unlinkable(self, node: Node) -> None:
        try:
            instantiate(self.machine, self._valid(node), self.provider)
        except LinkError:
            return
        except Trap as trap:
            raise Failed("that it does not link", f"the trap {trap}") from None
        raise Failed("that it does not link", "a valid module")

    def _assert_refused(self, node: Node, custom: bool) -> None:
        """`custom`: it is about a custom section, which makes no module invalid."""
        try:
            valid = self._valid(node)
            if custom:
                check(valid.module)
        except (DecodeError, ValidationError):
            return
        except UserError:  # of the assembler
            return
        raise Failed("that it is refused", "a valid module")

    # -- threads ---------------------------------------------------------------------------------

    def _thread(self, node: Node) -> None:
        name = next((i for i in node.items[1:2] if isinstance(i, str)), "")
        inner = node.nodes()
        thread = ScriptThread(
            self.runner, [n for n in inner if n.head != "shared"], self.machine.add_thread()
        )  # fmt: skip
        for shared in (n for n in inner if n.head == "shared"):
            for module in shared.nodes():
                called = str(module.items[1])
                thread.named[called] = self._instance([called])
        thread.provide_spectest()
        self.threads[name] = thread
        self.runner.start(thread)

    def _wait(self, node: Node) -> Steps:
        name = str(node.items[1]) if len(node.items) > 1 else ""
        if name not in self.threads:
            raise UserError(f"there is no thread {name}")
        while not self.threads[name].done:
            yield False
