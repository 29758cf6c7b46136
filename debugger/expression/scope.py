"""Names: what `$x`, `local`, `global`, `stack`, `memory`, `table`, `vmctx`, `store` and `instance` stand for."""

from __future__ import annotations

from dataclasses import dataclass

from debugger.expression.memory import TypedMemory
from debugger.expression.types import BOOL, FUNCREF_TYPE, LITERAL, U8_TYPE, U32_TYPE, U64_TYPE, Array, Group
from debugger.expression.value import Value, text_value
from debugger.inspect import Frame, Variable
from debugger.source.variables import SourceFrame
from vm.errors import UserError
from vm.instance import Instance
from vm.types import Addr

_MOST_SLICE_BYTES = 1 << 20


@dataclass(frozen=True)
class Scope:
    """What names mean in a frame (None: no call is under way) of an instance."""

    memory: TypedMemory
    frame: Frame | None
    source: SourceFrame | None = None

    @property
    def instance(self) -> Instance:
        return self.memory.instance

    def lookup(self, name: str) -> Value | None:
        """The value of a name; None when nothing is called that.

        `$x` is what the module calls so. `x` is the source's variable before that, and before a word, but not before a
        group: `source.memory` is a variable called so.
        """
        if name.startswith("$"):
            return self._entity(name[1:]) or self._numbered(name[1:])
        return self._group(name) or self._variable(name) or self._entity(name) or self._word(name)

    def _variable(self, name: str) -> Value | None:
        """A variable of the program's source."""
        return None if self.source is None else self.source.lookup(name)

    def known(self) -> list[str]:
        """Names of locals and globals, for hints."""
        symbols = self.memory.inspect.symbols(self.instance)
        sources = self.source.names() if self.source is not None else []
        named = [*sources, *(v.name for v in self._locals()), *(f"${n}" for n in symbols.by_global_name)]
        return [name for name in named if not name.isdigit()]

    # -- groups ----------------------------------------------------------------------------------

    def _group(self, name: str) -> Value | None:
        match name:
            case "local":
                return Value(Group("local"), Variables(self, "local", self._locals()))
            case "stack":
                operands = self.memory.inspect.operands(self.frame) if self.frame else ()
                return Value(Group("stack"), Variables(self, "stack", tuple(reversed(operands))))
            case "global":
                return Value(Group("global"), Globals(self))
            case "memory":
                return Value(Group("memory"), Memories(self))
            case "table":
                return Value(Group("table"), Tables(self))
            case "vmctx":
                return self.memory.record("VMContext", self.instance.addr)
            case "store":
                return self.memory.record("VMStoreContext", self.memory.machine.store_context.addr)
            case "instance":
                return Value(Group("instance"), Instances(self))
            case "source" if self.source is not None:
                return Value(Group("source"), SourceVariables(self))
            case _:
                return None

    def _word(self, name: str) -> Value | None:
        machine = self.memory.machine
        match name:
            case "tick":
                return Value(U64_TYPE, int(machine.tick))
            case "depth":
                return Value(U32_TYPE, machine.control.depth)
            case "pc":
                if self.frame is None or self.frame.offset is None:
                    raise UserError("no instruction is about to run")
                return Value(U32_TYPE, self.frame.offset)
            case "frame":
                if self.frame is None:
                    raise UserError("no call is under way")
                return Value(U32_TYPE, self.frame.number)
            case "true" | "false":
                return Value(LITERAL, int(name == "true"))
            case "null":
                return Value(FUNCREF_TYPE, 0)
            case "data" | "elem":
                return Value(Group(name), Segments(self, name))
            case _:
                return None

    # -- entities --------------------------------------------------------------------------------

    def _locals(self) -> tuple[Variable, ...]:
        return self.memory.inspect.locals(self.frame) if self.frame else ()

    def _entity(self, name: str) -> Value | None:
        return self.local(name) or self.global_named(name) or self.function(name)

    def local(self, name: str) -> Value | None:
        """The local called `name`; of several, the last."""
        found = [v for v in self._locals() if v.name in (f"${name}", name) and not v.name.isdigit()]
        return self.variable(found[-1], "local") if found else None

    def variable(self, variable: Variable, kind: str) -> Value:
        name = variable.name if variable.name.startswith("$") else f"[{variable.index}]"
        label = f"{kind} {name}" if name.startswith("$") else f"{kind}{name}"
        return self.memory.slot(variable.addr, variable.type, label)

    def global_named(self, name: str) -> Value | None:
        index = self.memory.inspect.symbols(self.instance).by_global_name.get(name)
        return None if index is None else self.global_at(index)

    def global_at(self, index: int) -> Value:
        """A global by index. Raises UserError."""
        if not 0 <= index < len(self.instance.globals):
            raise UserError(f"there is no global {index}", f"{self.instance.name} has {len(self.instance.globals)}")
        extern = self.instance.globals[index]
        name = self.memory.inspect.symbols(self.instance).global_(index)
        label = f"global {name}" if name.startswith("$") else f"global[{index}]"
        return self.memory.global_(extern.storage, extern.type, label)

    def function(self, name: str) -> Value | None:
        """A function as its funcref: the address of its VMFuncRef, 0 when it has none."""
        index = self.memory.inspect.symbols(self.instance).by_function_name.get(name)
        return None if index is None else self._function_at(index)

    def _function_at(self, index: int) -> Value:
        at = self.instance.func_ref_at(index)
        name = self.memory.inspect.func_name(self.instance, index)
        note = f"{name} of {self.instance.name}" + ("" if at else ", which has no funcref")
        return Value(FUNCREF_TYPE, at or 0, None, note)

    def _numbered(self, name: str) -> Value | None:
        """Names as browsers give them to what has none: $var0, $global0, $func0."""
        for kind in ("var", "global", "func"):
            number = name.removeprefix(kind)
            if number != name and number.isdigit():
                return self._by_number(kind, int(number))
        return None

    def _by_number(self, kind: str, number: int) -> Value | None:
        if kind == "var":
            found = self._locals()
            return self.variable(found[number], "local") if number < len(found) else None
        if kind == "global":
            return self.global_at(number) if number < len(self.instance.globals) else None
        known = len(self.instance.module.func_type_indexes)
        return self._function_at(number) if number < known else None


def _no_member(group: str, name: str) -> UserError:
    return UserError(f"{group} has no member {name!r}", f"try {group}[0]")


def _no_slice(group: str) -> UserError:
    return UserError(f"{group} cannot be sliced", "memory[0][start:size] can")


@dataclass(frozen=True)
class Variables:
    """`local[i]`, `stack[i]`."""

    scope: Scope
    kind: str
    variables: tuple[Variable, ...]

    def index(self, index: int) -> Value:
        if self.scope.frame is None:
            raise UserError("no call is under way")
        if not 0 <= index < len(self.variables):
            what = "operands" if self.kind == "stack" else "locals"
            raise UserError(f"there is no {self.kind}[{index}]", f"the frame has {len(self.variables)} {what}")
        variable = self.variables[index]
        if self.kind == "stack":
            return self.scope.memory.slot(variable.addr, variable.type, f"stack[{index}]")
        return self.scope.variable(variable, self.kind)

    def member(self, name: str) -> Value:
        found = self.scope.local(name.removeprefix("$")) if self.kind == "local" else None
        if found is None:
            raise _no_member(self.kind, name)
        return found

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice(self.kind)


@dataclass(frozen=True)
class SourceVariables:
    """`source.name`: a variable of the program's source, whatever else is called so."""

    scope: Scope

    def index(self, index: int) -> Value:
        raise _no_member("source", str(index))

    def member(self, name: str) -> Value:
        found = self.scope._variable(name)
        if found is None:
            raise UserError(f"the source has no variable {name!r} here")
        return found

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("source")


@dataclass(frozen=True)
class Globals:
    """`global[i]`, `global.name`."""

    scope: Scope

    def index(self, index: int) -> Value:
        return self.scope.global_at(index)

    def member(self, name: str) -> Value:
        found = self.scope.global_named(name.removeprefix("$"))
        if found is None:
            raise UserError(f"no global is called {name!r}")
        return found

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("global")


@dataclass(frozen=True)
class Memories:
    """`memory[i]`."""

    scope: Scope

    def index(self, index: int) -> Value:
        memories = self.scope.instance.memories
        if not 0 <= index < len(memories):
            raise UserError(f"there is no memory {index}", f"{self.scope.instance.name} has {len(memories)}")
        note = f"{memories[index].size_bytes:#x} bytes"
        return Value(Group(f"memory[{index}]"), MemoryBytes(self.scope, index), note=note)

    def member(self, name: str) -> Value:
        raise _no_member("memory", name)

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("memory")


@dataclass(frozen=True)
class MemoryBytes:
    """`memory[i][offset]`, `memory[i][start:size]`, `memory[i].size`."""

    scope: Scope
    number: int

    def index(self, index: int) -> Value:
        return self._bytes(index, 1, single=True)

    def slice(self, start: int, size: int) -> Value:
        return self._bytes(start, size, single=False)

    def _bytes(self, start: int, size: int, single: bool) -> Value:
        memory = self.scope.instance.memories[self.number]
        if start < 0 or not 0 <= size <= _MOST_SLICE_BYTES or start + size > memory.size_bytes:
            raise UserError(
                f"{size} bytes at {start:#x} are not in memory {self.number}", f"it ends at {memory.size_bytes:#x}"
            )
        addr = Addr(memory.region.base + start)
        label = f"memory[{self.number}][{start:#x}" + ("]" if single else f":{size}]")
        return self.scope.memory.load(U8_TYPE if single else Array(U8_TYPE, size), addr, label)

    def member(self, name: str) -> Value:
        if name != "size":
            raise UserError(f"a memory has no member {name!r}", "it has size")
        definition = self.scope.instance.memories[self.number].definition
        return self.scope.memory.length("VMMemoryDefinition", definition, f"memory[{self.number}].size")


@dataclass(frozen=True)
class Tables:
    """`table[i]`."""

    scope: Scope

    def index(self, index: int) -> Value:
        tables = self.scope.instance.tables
        if not 0 <= index < len(tables):
            raise UserError(f"there is no table {index}", f"{self.scope.instance.name} has {len(tables)}")
        note = f"{tables[index].size} elements"
        return Value(Group(f"table[{index}]"), TableElements(self.scope, index), note=note)

    def member(self, name: str) -> Value:
        raise _no_member("table", name)

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("table")


@dataclass(frozen=True)
class TableElements:
    """`table[i][j]`, `table[i].size`."""

    scope: Scope
    number: int

    def index(self, index: int) -> Value:
        return self.scope.memory.element(self.scope.instance, self.number, index)

    def member(self, name: str) -> Value:
        if name != "size":
            raise UserError(f"a table has no member {name!r}", "it has size")
        definition = self.scope.instance.tables[self.number].definition
        return self.scope.memory.length("VMTableDefinition", definition, f"table[{self.number}].size")

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("a table")


@dataclass(frozen=True)
class Segments:
    """`data[i].dropped`, `elem[i].dropped`."""

    scope: Scope
    kind: str

    def index(self, index: int) -> Value:
        module = self.scope.instance.module
        count = len(module.datas if self.kind == "data" else module.elems)
        if not 0 <= index < count:
            raise UserError(f"there is no {self.kind} segment {index}", f"{self.scope.instance.name} has {count}")
        return Value(Group(f"{self.kind}[{index}]"), Segment(self.scope, self.kind, index))

    def member(self, name: str) -> Value:
        raise _no_member(self.kind, name)

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice(self.kind)


@dataclass(frozen=True)
class Segment:
    """`data[i].dropped`, `elem[i].dropped`."""

    scope: Scope
    kind: str
    number: int

    def index(self, index: int) -> Value:
        raise UserError("a segment has no elements here", "it has dropped")

    def member(self, name: str) -> Value:
        if name != "dropped":
            raise UserError(f"a segment has no member {name!r}", "it has dropped")
        at = self.scope.instance.record.at(f"{self.kind}_dropped", self.number)
        return self.scope.memory.load(BOOL, at, f"{self.kind}[{self.number}].dropped")

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("a segment")


@dataclass(frozen=True)
class Instances:
    """`instance[i]`."""

    scope: Scope

    def index(self, index: int) -> Value:
        memory = self.scope.memory
        instances = memory.machine.instances
        if not 0 <= index < len(instances):
            raise UserError(f"there is no instance {index}", f"the store has {len(instances)}")
        inner = Scope(TypedMemory(memory.machine, memory.inspect, instances[index]), None)
        return Value(Group(f"instance[{index}]"), OneInstance(inner), note=instances[index].name)

    def member(self, name: str) -> Value:
        raise _no_member("instance", name)

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("instance")


@dataclass(frozen=True)
class OneInstance:
    """`instance[i].global`, `.memory`, `.table`, `.vmctx`, `.name`, or the name of a global or function."""

    scope: Scope

    def index(self, index: int) -> Value:
        raise UserError("an instance has no elements", "it has global, memory, table, vmctx and name")

    def member(self, name: str) -> Value:
        if name == "name":
            return text_value(self.scope.instance.name)
        found = self.scope.lookup(name) if name not in ("local", "stack", "instance") else None
        if found is None:
            raise UserError(f"{self.scope.instance.name} has no {name!r}")
        return found

    def slice(self, start: int, size: int) -> Value:
        raise _no_slice("an instance")
