"""Functions of allocators, known by their names, and what a call of one takes and gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from debugger.demangle import demangled, is_mangled
from debugger.symbols import Symbols


class Meaning(NamedTuple):
    """`sizes`: the arguments whose product is taken, none when nothing is; `gives`: the argument that is given back;
    `through`: the argument that says where the result is put, when it is not returned."""

    sizes: tuple[int, ...] = ()
    gives: int | None = None
    through: int | None = None


_TAKES, _GIVES = Meaning((0,)), Meaning(gives=0)
_OF_C = {
    "malloc": _TAKES, "calloc": Meaning((0, 1)), "realloc": Meaning((1,), gives=0), "free": _GIVES,
    "memalign": Meaning((1,)), "posix_memalign": Meaning((2,), through=0),
}  # fmt: skip
_SAME = (
    "",
    "dl",
    "emscripten_builtin_",
    "__libc_",
    "c.malloc.",
)  # what the same functions are called in some libraries
_EXACT: Mapping[str, Meaning] = MappingProxyType({
    **{prefix + name: meaning for prefix in _SAME for name, meaning in _OF_C.items()},
    "aligned_alloc": Meaning((1,)), "reallocarray": Meaning((1, 2), gives=0), "cabi_realloc": Meaning((3,), gives=0),
})  # fmt: skip
_OF_RUST: Mapping[str, Meaning] = MappingProxyType({
    "__rust_alloc": _TAKES, "__rust_alloc_zeroed": _TAKES, "__rust_dealloc": _GIVES,
    "__rust_realloc": Meaning((3,), gives=0),
})  # fmt: skip
_OF_CPP: Mapping[str, Meaning] = MappingProxyType({
    "operator new": _TAKES, "operator new[]": _TAKES, "operator delete": _GIVES, "operator delete[]": _GIVES,
})  # fmt: skip
_PLACEMENT = ", void*)"  # takes nothing: it says where


def allocators(symbols: Symbols) -> Iterator[tuple[int, str, Meaning]]:
    """The functions of a module that are an allocator's: index, name, what a call means. A method that is called `free`
    is not one."""
    for name, meaning in _EXACT.items():
        func = symbols.by_function_name.get(name)
        if func is not None:
            yield func, name, meaning
    for name, meaning in _OF_RUST.items():
        for func in symbols.functions_called(name):
            yield func, name, meaning
    for name, meaning in _OF_CPP.items():
        for func in symbols.functions_called(name):
            readable = _readable(symbols, func)
            if readable.startswith(name + "(") and not readable.endswith(_PLACEMENT):
                yield func, name, meaning


def _readable(symbols: Symbols, func: int) -> str:
    name = symbols.module.names.functions.get(func, "")
    return demangled(name) if is_mangled(name) else name
