"""Where a breakpoint or a jump may be: location texts, and the sites they resolve to.

`$name` or `name` (`*` matches anything), `func[3]`, each with `+0x1b` counted from the first byte after the body's
size, and without one past the prologue where debug information says where that is; `@0x19c` a byte offset of the file;
`file.c:12` a source line; `export:name`; `import:module.name`, a host call.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from debugger.inspect import Inspector
from vm.errors import UserError
from vm.instance import Instance
from vm.machine import Machine
from vm.stop import Site
from vm.types import ExternKind

_FUNC = re.compile(
    r"^(?:func\[(?P<index>\d{1,9})\]|(?P<name>(?:[^\s+:@]|::)(?:[^\s+:]|::)*?))(?:\+(?P<offset>0x[0-9a-fA-F]{1,9}|\d{1,9}))?$"
)
_LINE = re.compile(r"^(?P<file>[^\s]+\.[A-Za-z0-9_]+):(?P<line>\d{1,9})$")


class Lines(Protocol):
    """Source lines of a module, as far as they are known."""

    def offsets_of(self, file: str, line: int) -> tuple[tuple[int, int], ...]:
        """(file offset, actual line) of the places a source line was compiled to; the next line that has some."""
        ...

    def after_prologue(self, offset: int) -> int | None:
        """File offset of the first instruction after the prologue of the function around a file offset."""
        ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """One place a location stands for."""

    site: Site
    text: str
    note: str = ""  # where it slipped to


class Resolver:
    """Turns location texts into sites of the machine's instances."""

    def __init__(self, machine: Machine, inspector: Inspector, lines: Mapping[int, Lines]) -> None:
        self.machine, self.inspector, self._lines = machine, inspector, lines

    def resolve(self, text: str) -> tuple[Resolved, ...]:
        """Every place a location names now; none: nothing matches yet. Raises UserError for nonsense."""
        text = text.strip()
        if not text:
            raise UserError("a location is missing", "try main, $f+0x10, @0x19c or file.c:12")
        return tuple(self._find(text))

    def _find(self, text: str) -> Iterator[Resolved]:
        if text.startswith("import:"):
            yield from self._imports(text.removeprefix("import:"))
        elif text.startswith("@"):
            yield from self._at_offset(_number(text[1:], text))
        elif text.startswith("export:"):
            yield from self._exports(text.removeprefix("export:"))
        elif m := _LINE.match(text):
            yield from self._at_line(m["file"], int(m["line"]))
        elif m := _FUNC.match(text):
            yield from self._at_function(m)
        else:
            raise UserError(f"{text!r} is not a location", "try main, $f+0x10, @0x19c or file.c:12")

    def _imports(self, pattern: str) -> Iterator[Resolved]:
        for region in self.machine.space.regions():
            if region.kind.value == "host context":
                context = self.machine.view("VMArrayCallHostFuncContext", region.base)
                code = self.machine.code_at(context.inner("func_ref").get("array_call"))
                if code is not None and fnmatch.fnmatchcase(self.machine.hosts[code.func].label, pattern):
                    label = self.machine.hosts[code.func].label
                    yield Resolved(Site(code.vmctx, code.func, 0), f"import:{label}")

    def _exports(self, pattern: str) -> Iterator[Resolved]:
        for instance in self.machine.instances:
            for export in instance.module.exports:
                if export.kind is ExternKind.FUNC and fnmatch.fnmatchcase(export.name, pattern):
                    yield from self._in_function(instance, export.index, 0)

    def _at_offset(self, offset: int) -> Iterator[Resolved]:
        for instance in self.machine.instances:
            for i, body in enumerate(instance.module.bodies):
                if body.span.start <= offset < body.span.end:
                    func = instance.module.num_imported_funcs + i
                    yield from self._in_function(instance, func, offset - body.span.start)

    def _at_line(self, file: str, line: int) -> Iterator[Resolved]:
        for instance in self.machine.instances:
            lines = self._lines.get(instance.number)
            for offset, actual in lines.offsets_of(file, line) if lines else ():
                note = "" if actual == line else f"moved to line {actual}"
                for found in self._at_offset_in(instance, offset):
                    yield Resolved(found.site, found.text, note)

    def _at_offset_in(self, instance: Instance, offset: int) -> Iterator[Resolved]:
        return (r for r in self._at_offset(offset) if r.site.vmctx == instance.addr)

    def _at_function(self, m: re.Match[str]) -> Iterator[Resolved]:
        offset = _number(m["offset"], m[0]) if m["offset"] else None
        for instance in self.machine.instances:
            for func in self._functions(instance, m["index"], m["name"]):
                at = self._past_prologue(instance, func) if offset is None else offset
                yield from self._in_function(instance, func, at)

    def _past_prologue(self, instance: Instance, func: int) -> int:
        """Where a function's variables are in place, counted as offsets are: 0 where nothing is known of that."""
        lines = self._lines.get(instance.number)
        if lines is None or instance.is_imported(func):
            return 0
        body = instance.module.body(func)
        after = lines.after_prologue(body.code.start)
        return 0 if after is None or not body.code.start <= after < body.span.end else after - body.span.start

    def _functions(self, instance: Instance, index: str | None, name: str | None) -> Iterator[int]:
        if index is not None:
            if int(index) < len(instance.module.func_type_indexes):
                yield int(index)
            return
        assert name is not None
        symbols = self.inspector.symbols(instance)
        name = name.removeprefix("$")
        if called := symbols.functions_called(name):
            yield from called
        elif "*" in name:
            found = (i for n, i in symbols.by_function_name.items() if fnmatch.fnmatchcase(n, name))
            yield from sorted(set(found))

    def _in_function(self, instance: Instance, func: int, offset: int) -> Iterator[Resolved]:
        """The instruction at `offset` bytes of the body, or the next one that retires."""
        if instance.is_imported(func):
            yield from self._imported(instance, func, offset)
            return
        facts = instance.facts(func)
        body = instance.module.body(func)
        at = body.code.start if offset == 0 else body.span.start + offset
        pc = facts.index_at(at)
        if pc is None or at >= body.span.end:
            raise UserError(f"+{offset:#x} lies past the end of {self.inspector.func_name(instance, func)}")
        found = facts.instrs[pc]
        name = self.inspector.func_name(instance, func)
        note = f"moved to +{found.offset - body.span.start:#x}" if offset and found.offset != at else ""
        yield Resolved(Site(instance.addr, func, pc), f"{name}+{found.offset - body.span.start:#x}", note)

    def _imported(self, instance: Instance, func: int, offset: int) -> Iterator[Resolved]:
        record = self.machine.read_import(instance, func)
        code = self.machine.code_at(record.code)
        if code is None:
            return
        owner = self.machine.instance_at(code.vmctx)
        if owner is not None:
            yield from self._in_function(owner, code.func, offset)
        elif offset:
            raise UserError(f"{self.inspector.func_name(instance, func)} is a host function: it has no code")
        else:
            label = self.machine.hosts[code.func].label
            yield Resolved(Site(code.vmctx, code.func, 0), f"import:{label}")


def _number(text: str, whole: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UserError(f"{text!r} is not a number in {whole!r}", "try 0x10") from None
