"""Writing handlers in LLVM's language.

A handler gets the machine's registers as arguments and ends by calling, in tail position, the handler of the word
that is run next. It changes nothing before it is certain that it need not leave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vm.native.shapes import AT_A, AT_B, AT_D, AT_IMM, AT_TICKS, AT_TIMES, FIELD, READS, WORD_BYTES, WRITES, Shape

# Arguments are kept in registers across handlers by this calling convention. Base and length are memory 0's.
CONVENTION = "preserve_nonecc"
_ARGUMENTS = (
    ("ptr", "pc"), ("ptr", "fp"), ("i64", "fuel"), ("ptr", "mb"), ("i64", "ms"), ("ptr", "cards"), ("ptr", "ctx"),
)  # fmt: skip
PARAMETERS = ", ".join(f"{type_} %{name}" for type_, name in _ARGUMENTS)

INT = {"i32": "i32", "i64": "i64", "f32": "i32", "f64": "i64"}  # a value type's bits
FLOAT = {"f32": "float", "f64": "double"}
LLVM = {"i32": "i32", "i64": "i64", "f32": "float", "f64": "double", "v128": "<16 x i8>"}


def symbol(name: str) -> str:
    """A handler's name in the object."""
    return f'@"{name}"'


@dataclass
class Code:
    """A handler being written. Methods that compute something answer with the name of the value."""

    shape: Shape
    lines: list[str] = field(default_factory=list)
    declarations: set[str] = field(default_factory=set)  # of intrinsics
    watched: bool = False  # whether accesses ask for watches
    traced: bool = False  # whether blocks that are gone to are written down
    counted: bool = False  # or counted
    heated: bool = False  # whether accesses count where they touch a memory
    leaves: bool = False
    stops: bool = False
    _count: int = 0

    def let(self, text: str) -> str:
        """The value of an LLVM instruction."""
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def fresh(self) -> str:
        self._count += 1
        return f"%t{self._count}"

    def do(self, text: str) -> None:
        self.lines.append(text)

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    # -- memory ----------------------------------------------------------------------------------

    def at(self, base: str, offset: int | str) -> str:
        """An address so many bytes further on."""
        return base if offset == 0 else self.let(f"getelementptr i8, ptr {base}, i64 {offset}")

    def load(self, type_: str, address: str, align: int = 1) -> str:
        return self.let(f"load {type_}, ptr {address}, align {align}")

    def store(self, type_: str, value: str, address: str, align: int = 1) -> None:
        self.do(f"store {type_} {value}, ptr {address}, align {align}")

    def word(self, type_: str, base: str, offset: int, align: int = 8) -> str:
        """What lies at an offset from an address."""
        return self.load(type_, self.at(base, offset), align)

    def pointed(self, width: int, base: str, offset: int) -> str:
        """The number of so many bytes that the pointer at an offset from an address leads to."""
        bits = f"i{8 * width}"
        return self.widen(self.load(bits, self.word("ptr", base, offset), width), bits)

    def widen(self, value: str, type_: str) -> str:
        return value if type_ == "i64" else self.let(f"zext {type_} {value} to i64")

    def context(self, name: str, type_: str = "i64") -> str:
        """A word of the context."""
        return self.load(type_, self.at("%ctx", 8 * FIELD[name]), 8)

    def set_context(self, name: str, value: str, type_: str = "i64") -> None:
        self.store(type_, value, self.at("%ctx", 8 * FIELD[name]), 8)

    # -- the instruction word --------------------------------------------------------------------

    def offset(self, which: int) -> str:
        """One of the word's slot offsets."""
        return self.widen(self.word("i32", "%pc", which, 4), "i32")

    def slot(self, which: int, more: int = 0) -> str:
        """The address of a slot that the word names."""
        return self.at(self.at("%fp", self.offset(which)), more)

    def imm(self, type_: str = "i64") -> str:
        return self.word(type_, "%pc", AT_IMM, 8)

    def operand(self, type_: str, which: int) -> str:
        """The value of a slot, by value type."""
        return self.load(LLVM[type_], self.slot(which), 8)

    def bits(self, which: int) -> str:
        """A slot's 64 bits."""
        return self.load("i64", self.slot(which), 8)

    def put(self, type_: str, value: str, which: int = AT_D) -> None:
        """Writes a slot, by value type; what is narrower is extended with zeros."""
        self.put_at(type_, value, self.slot(which))

    def put_at(self, type_: str, value: str, address: str) -> None:
        if type_ == "f32":
            value = self.let(f"bitcast float {value} to i32")
        if type_ in ("i32", "f32"):
            self.store("i64", self.widen(value, "i32"), address, 8)
        else:
            self.store(LLVM[type_], value, address, 8)

    # -- leaving and going on --------------------------------------------------------------------

    def guard(self, bad: str) -> None:
        """Leaves the instruction to the runtime when a condition holds."""
        self.leaves = True
        on = self.fresh()[1:]
        self.do(f"br i1 {bad}, label %leave, label %{on}, !prof !0")
        self.label(on)

    def touch(self, pointer: str, size: int, kinds: int) -> None:
        """Before an access, when accesses are watched: leaves for a watch that sees it, or notes that one does."""
        if self.heated:
            self._heat(pointer, size, kinds)
        if not self.watched:
            return
        self.stops = True
        start = self.let(f"ptrtoint ptr {pointer} to i64")
        end = self.let(f"add i64 {start}, {size}")
        below = self.let(f"icmp ult i64 {start}, {self.context('watch_high')}")
        above = self.let(f"icmp ugt i64 {end}, {self.context('watch_low')}")
        near, seen, on = (self.fresh()[1:] for _ in range(3))
        self.do(f"br i1 {self.let(f'and i1 {below}, {above}')}, label %{near}, label %{on}, !prof !0")
        self.label(near)
        found = self.let(f"call i1 @seen(ptr %ctx, i64 {start}, i64 {end}, i64 {kinds})")
        self.do(f"br i1 {found}, label %{seen}, label %{on}")
        self.label(seen)
        self.note("touched")
        self.do(f"br label %{on}")
        self.label(on)

    def _heat(self, pointer: str, size: int, kinds: int) -> None:
        """Counts an access at each eight bytes that it touches."""
        start = self.let(f"ptrtoint ptr {pointer} to i64")
        offset = self.let(f"sub i64 {start}, {self.context('heat_low')}")
        count, more, on = (self.fresh()[1:] for _ in range(3))
        inside = self.let(f"icmp ult i64 {offset}, {self.context('heat_size')}")
        self.do(f"br i1 {inside}, label %{count}, label %{on}")
        self.label(count)
        at = self.let(f"and i64 {offset}, -8")
        last = self.let(f"and i64 {self.let(f'add i64 {offset}, {size - 1}')}, -8")
        self._warm(at, kinds)
        if size > 8:
            at = self.let(f"add i64 {at}, 8")
            self._warm(at, kinds)
        self.do(f"br i1 {self.let(f'icmp ne i64 {at}, {last}')}, label %{more}, label %{on}, !prof !0")
        self.label(more)
        self._warm(last, kinds)
        self.do(f"br label %{on}")
        self.label(on)

    def _warm(self, offset: str, kinds: int) -> None:
        """One more read, or write, of the eight bytes at an offset."""
        self.declarations.add("declare i32 @llvm.uadd.sat.i32(i32, i32)")
        for kind, field_ in ((READS, 0), (WRITES, 4)):
            if kinds & kind:
                at = self.at(self.at(self.context("heat", "ptr"), offset), field_)
                more = self.let(f"call i32 @llvm.uadd.sat.i32(i32 {self.load('i32', at, 4)}, i32 1)")
                self.store("i32", more, at, 4)

    def note(self, otherwise: str) -> None:
        """Notes that a site or a watch was met, if such are only noted now; else goes to a label."""
        left, noted = self.context("notes_left"), self.fresh()[1:]
        self.do(f"br i1 {self.let(f'icmp eq i64 {left}, 0')}, label %{otherwise}, label %{noted}")
        self.label(noted)
        self.set_context("notes_left", self.let(f"sub i64 {left}, 1"))
        self.set_context("note_pc", "%pc", "ptr")
        self.set_context("note_fuel", "%fuel")

    def jump(self, handler: str, pc: str = "%pc", fp: str = "%fp", fuel: str = "%fuel",
             memory: tuple[str, str, str] = ("%mb", "%ms", "%cards")) -> None:  # fmt: skip
        """Ends the handler by running another one."""
        mb, ms, cards = memory
        self.do(
            f"musttail call {CONVENTION} void {handler}(ptr {pc}, ptr {fp}, i64 {fuel}, ptr {mb}, i64 {ms}, "
            f"ptr {cards}, ptr %ctx)"
        )
        self.do("ret void")

    def next(self) -> None:
        """Ends the handler by running the word after this one, in the same block."""
        following = self.at("%pc", WORD_BYTES)
        self.jump(self.load("ptr", following, 8), following)

    def go(self, block: str, fp: str = "%fp") -> None:
        """Ends the handler by running a block, whose ticks are taken from the fuel; leaves when it has too little."""
        ticks = self.widen(self.word("i32", block, AT_TICKS, 4), "i32")
        left = self.let(f"sub i64 %fuel, {ticks}")
        dry = self.fresh()[1:]
        self.do(f"br i1 {self.let(f'icmp slt i64 {left}, 0')}, label %{dry}, label %{dry}.on, !prof !0")
        self.label(dry)
        self.jump(symbol("leave.fuel"), block, fp)
        self.label(f"{dry}.on")
        if self.traced:
            self._trace(block)
        self.count(block, AT_TIMES)
        self.jump(self.load("ptr", block, 8), block, fp, left)

    def count(self, base: str, offset: int) -> None:
        """Adds one to what stands at an offset from an address, while something is counted."""
        if self.counted:
            at = self.at(base, offset)
            self.store("i64", self.let(f"add i64 {self.load('i64', at, 8)}, 1"), at, 8)

    def _trace(self, block: str) -> None:
        at = self.context("trace_at", "ptr")
        self.store("ptr", block, at, 8)
        following = self.at(at, 8)
        full = self.let(f"icmp eq ptr {following}, {self.context('trace_end', 'ptr')}")
        first = self.context("trace_start", "ptr")
        self.set_context("trace_at", self.let(f"select i1 {full}, ptr {first}, ptr {following}"), "ptr")

    def finished(self, name: str) -> str:
        """The handler's definition."""
        if self.leaves:
            self.label("leave")
            self.jump(symbol("leave.runtime"))
        if self.stops:
            self.label("touched")
            self.jump(symbol("leave.watch"))
        body = "\n".join(self.lines)
        return f"define {CONVENTION} void {symbol(name)}({PARAMETERS}) nounwind {{\n{body}\n}}\n"


Body = Callable[[Code], None]  # writes a handler


def straight(body: Body) -> Body:
    """A handler that goes on with the word after it."""

    def write(c: Code) -> None:
        body(c)
        c.next()

    return write


__all__ = ["AT_A", "AT_B", "AT_D", "AT_IMM", "FLOAT", "INT", "LLVM", "Body", "Code", "straight", "symbol"]
