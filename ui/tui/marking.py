"""Setting and taking away breakpoints and watches."""

from __future__ import annotations

from debugger.watchpoints import Watchpoint
from ui.render import stops
from ui.render.line import line
from ui.tui.shell import Shell
from vm.errors import UserError
from vm.stop import Site


class Marking:
    """What the keys for breakpoints and watches do."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._session = shell.shared.session

    def toggle(self, where: Site | str) -> None:
        """Deletes the breakpoints at an instruction or source line, or sets one. Raises UserError."""
        breakpoints, resolver = self._session.breakpoints, self._session.resolver
        sites = {where} if isinstance(where, Site) else {r.site for r in resolver.resolve(where)}
        if not sites:
            raise UserError(f"no code was made from {where}")
        standing = [b for b in breakpoints if sites & {r.site for r in b.resolved}]
        for found in standing:
            breakpoints.delete(found.id)
        if not standing:
            self._session.add_breakpoint(self.location(where) if isinstance(where, Site) else where)
        self._shell.changed()

    def location(self, site: Site) -> str:
        """The location text that stands for an instruction, and for no other where there is such a text."""
        instance = self._session.machine.instance_at(site.vmctx)
        assert instance is not None
        offset = instance.facts(site.func).instrs[site.pc].offset
        within = offset - instance.module.body(site.func).span.start
        named = f"{self._session.inspect.func_name(instance, site.func)}+{within:#x}"
        for text in (named, f"func[{site.func}]+{within:#x}"):
            if " " not in text and [r.site for r in self._session.resolver.resolve(text)] == [site]:
                return text
        return f"@{offset:#x}"

    def watch_changes(self, expression: str) -> None:
        """Deletes the watchpoint on an expression, or sets one. Raises UserError."""
        breakpoints = self._session.breakpoints
        standing = [b for b in breakpoints if isinstance(b, Watchpoint) and b.location == expression]
        for found in standing:
            breakpoints.delete(found.id)
        said = line(f"no watchpoint on {expression} any more")
        if not standing:
            said = stops.breakpoint_set(self._session.add_watchpoint(expression))
        self._shell.changed()
        self._shell.say(*said)

    def watch(self, text: str) -> None:
        """Adds a watch expression. Raises UserError for what is none."""
        self._session.evaluator().check(text)
        self._session.watches.add(text)
        self._shell.desk.show("watches")
        self._shell.changed()
