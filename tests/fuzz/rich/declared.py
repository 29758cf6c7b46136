"""Types at random: recursion groups, subtypes, and groups that are another one over again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

NUMBERS = ("i32", "i64", "f32", "f64", "v128")
_PACKED = ("i8", "i16")
_ABSTRACT = ("any", "eq", "i31", "struct", "array", "func", "extern", "exn")
_PARENTS = {"eq": "any", "i31": "eq", "struct": "eq", "array": "eq"}
_BOTTOMS = {"any": "none", "func": "nofunc", "extern": "noextern", "exn": "noexn"}
_MOST_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference type: its heap type as text, and whether it may be null."""

    heap: str
    null: bool = True

    def __str__(self) -> str:
        return f"(ref {'null ' if self.null else ''}{self.heap})"


Type = str | Ref  # a number's name, or a reference


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct, or what an array has."""

    storage: Type
    mutable: bool

    @property
    def value(self) -> Type:
        """What is read from it."""
        return "i32" if self.storage in _PACKED else self.storage

    @property
    def get(self) -> tuple[str, ...]:
        """The endings of the instructions that read it."""
        return ("get_s", "get_u") if self.storage in _PACKED else ("get",)

    def __str__(self) -> str:
        return f"(mut {self.storage})" if self.mutable else str(self.storage)


@dataclass(frozen=True, slots=True)
class Declared:
    """A type of the module. An array has one field."""

    name: str
    kind: str  # struct, array or func
    parent: str | None
    final: bool
    fields: tuple[Field, ...] = ()
    params: tuple[Type, ...] = ()
    results: tuple[Type, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case "struct":
                made = f"(struct {' '.join(f'(field {f})' for f in self.fields)})"
            case "array":
                made = f"(array {self.fields[0]})"
            case _:
                made = f"(func {signature(self.params, self.results)})"
        if self.parent is None and self.final:
            return f"(type {self.name} {made})"
        return f"(type {self.name} (sub {'final ' if self.final else ''}{self.parent or ''} {made}))"


def signature(params: Sequence[Type], results: Sequence[Type]) -> str:
    """`(param ...) (result ...)`."""
    return f"(param {' '.join(map(str, params))}) (result {' '.join(map(str, results))})"


class Types:
    """The types of a module. References that may not be null lead to earlier types only, so that one can be made."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.groups: list[list[Declared]] = []
        self.of: dict[str, Declared] = {}
        for _ in range(rng.randrange(3, 6)):
            self._group()
            if rng.random() < 0.25:
                self._group_again(rng.choice(self.groups))
        for kind in ("struct", "array", "func"):
            if not self.named(kind):
                self._group((kind,))

    def __str__(self) -> str:
        return "\n".join(f"(rec {' '.join(map(str, group))})" for group in self.groups)

    def named(self, kind: str) -> list[Declared]:
        """The declared types of a kind."""
        return [t for t in self.of.values() if t.kind == kind]

    # -- making them -----------------------------------------------------------------------------

    def _group(self, kinds: Sequence[str] = ()) -> None:
        first = len(self.of)
        kinds = kinds or self.rng.choices(("struct", "array", "func"), (5, 3, 3), k=self.rng.randrange(1, 5))
        mates = [(f"${kind[0]}{first + i}", kind) for i, kind in enumerate(kinds)]
        group: list[Declared] = []
        self.groups.append(group)
        for name, kind in mates:
            made = self._declared(name, kind, [n for n, _ in mates])
            self.of[name] = made
            group.append(made)

    def _group_again(self, group: list[Declared]) -> None:
        """Equal types of other names: a cast from one to the other succeeds."""
        names = {t.name: f"{t.name}_{len(self.groups)}" for t in group}

        def other(of: Type) -> Type:
            return replace(of, heap=names.get(of.heap, of.heap)) if isinstance(of, Ref) else of

        again = [
            Declared(
                names[t.name], t.kind, names.get(t.parent or "", t.parent), t.final,
                tuple(replace(f, storage=other(f.storage)) for f in t.fields),
                tuple(map(other, t.params)), tuple(map(other, t.results)),
            )
            for t in group
        ]  # fmt: skip
        self.groups.append(again)
        self.of.update({t.name: t for t in again})

    def _declared(self, name: str, kind: str, mates: Sequence[str]) -> Declared:
        open_ = [t for t in self.named(kind) if not t.final and len(self.chain(t.name)) < _MOST_DEPTH]
        parent = self.rng.choice(open_) if open_ and self.rng.random() < 0.6 else None
        final = self.rng.random() < 0.25
        above = parent.name if parent else None
        if kind == "func":
            if parent:
                params, results = tuple(map(self._wider, parent.params)), tuple(map(self._narrower, parent.results))
            else:
                params, results = self.several(3), self.several(2)
            return Declared(name, kind, above, final, (), params, results)
        fields = tuple(f if f.mutable else Field(self._narrower(f.storage), False) for f in parent.fields if parent) \
            if parent else ()  # fmt: skip
        more = (0 if fields else 1) if kind == "array" else self.rng.randrange(0 if fields else 1, 4)
        return Declared(name, kind, above, final, (*fields, *(self._field(mates) for _ in range(more))))

    def _field(self, mates: Sequence[str]) -> Field:
        mutable = self.rng.random() < 0.7
        match self.rng.randrange(6):
            case 0:
                return Field(self.rng.choice(_PACKED), mutable)
            case 1 | 2:
                return Field(self.rng.choice(NUMBERS), mutable)
            case 3:
                return Field(Ref(self.rng.choice(mates)), mutable)
            case _:
                return Field(self.reference(), mutable)

    def several(self, most: int) -> tuple[Type, ...]:
        """Types for parameters or results."""
        return tuple(self.any_type() for _ in range(self.rng.randrange(most + 1)))

    def any_type(self) -> Type:
        """A number or a reference."""
        return self.rng.choice(NUMBERS) if self.rng.random() < 0.6 else self.reference()

    def reference(self) -> Ref:
        """A reference to something declared before, or of an abstract type."""
        if self.of and self.rng.random() < 0.6:
            return Ref(self.rng.choice(list(self.of)), self.rng.random() < 0.8)
        heap = self.rng.choice(_ABSTRACT)
        return Ref(heap, heap not in ("i31", "func", "any", "eq") or self.rng.random() < 0.8)

    def _narrower(self, of: Type) -> Type:
        if not isinstance(of, Ref) or self.rng.random() < 0.6:
            return of
        below = [Ref(t, of.null) for t in self.of if self.heap_matches(t, of.heap)]
        return self.rng.choice(below) if below else of

    def _wider(self, of: Type) -> Type:
        if not isinstance(of, Ref) or self.rng.random() < 0.6:
            return of
        return Ref(self.rng.choice(self.chain(of.heap)), True)

    # -- how they are related --------------------------------------------------------------------

    def chain(self, heap: str) -> list[str]:
        """A heap type and all above it."""
        made = [heap]
        while True:
            declared = self.of.get(made[-1])
            above = (declared.parent or declared.kind) if declared else _PARENTS.get(made[-1])
            if above is None:
                return made
            made.append(above)

    def top(self, heap: str) -> str:
        """The uppermost type above one."""
        return self.chain(heap)[-1]

    def bottom(self, heap: str) -> str:
        """The type below all of its kind."""
        return _BOTTOMS[self.top(heap)]

    def heap_matches(self, below: str, above: str) -> bool:
        """As far as names tell: that groups are equal is not known here."""
        return above in self.chain(below)

    def matches(self, below: Type, above: Type) -> bool:
        """Whether a value of one type may stand for one of another."""
        if isinstance(below, Ref) and isinstance(above, Ref):
            return (above.null or not below.null) and self.heap_matches(below.heap, above.heap)
        return below == above

    def below(self, heap: str) -> list[str]:
        """Types that can be made and stand for one."""
        return [t for t in (*self.of, "i31") if self.heap_matches(t, heap)]
