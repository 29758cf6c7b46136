"""Links all handlers again and again where the address space has only small holes near what is mapped.

python -m tests.vm.crowded FOLDER, where compiled handlers are kept
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from pathlib import Path

from debugger.executors import ObjectFolder
from vm.eras import NEWEST
from vm.layout import Layouts
from vm.native.build import Handlers
from vm.native.emit.table import FAMILIES
from vm.native.shapes import Shape

_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # no memory is set aside
_HOLE_BYTES, _LARGE_BYTES, _MIDDLE_BYTES = 8192, 8 << 30, 1 << 16


def main() -> None:
    """Fills the address space from the top down, makes a few holes in it, and links."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    )  # fmt: skip
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)

    def reserve(size: int) -> int:
        return int(libc.mmap(None, size, 0, _FLAGS, -1, 0))

    shape, kept = Shape.of(Layouts(NEWEST), canonical_nan=False), ObjectFolder(Path(sys.argv[1]))
    holes = []
    for _ in range(40):
        holes.append(reserve(_HOLE_BYTES))
        reserve(_LARGE_BYTES)
    for _ in range(400):
        reserve(_MIDDLE_BYTES)
    for _ in range(40):
        reserve(_LARGE_BYTES)
    for hole in holes[:12]:
        libc.munmap(hole, _HOLE_BYTES)
    for _ in range(3):
        handlers = Handlers(shape, kept)
        assert all(handlers[name] for family in FAMILIES.values() for name in family)


if __name__ == "__main__":
    main()
