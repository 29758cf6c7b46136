"""Named places in memory. They are kept by region and offset, so that they hold after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vm.errors import UserError
from vm.memory import AddressSpace, Region, RegionKind


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place: an offset into the region of a kind and name."""

    name: str
    kind: RegionKind
    region: str
    offset: int

    def address(self, space: AddressSpace) -> int | None:
        """Where it lies now; None when there is no such region, or it is too small."""
        for region in space.regions():
            if (region.kind, region.name) == (self.kind, self.region):
                return region.base + self.offset if self.offset < region.size else None
        return None


class Bookmarks:
    """The list of bookmarks, in the order they were set."""

    def __init__(self) -> None:
        self._all: dict[str, Bookmark] = {}

    def __iter__(self) -> Iterator[Bookmark]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def set(self, name: str, region: Region, offset: int) -> Bookmark:
        """A new one; one of the same name moves here. Raises UserError without a name."""
        name = name.strip()
        if not name:
            raise UserError("a bookmark needs a name")
        self._all[name] = Bookmark(name, region.kind, region.name, offset)
        return self._all[name]

    def get(self, name: str) -> Bookmark:
        """Raises UserError when there is none."""
        found = self._all.get(name)
        if found is None:
            raise UserError(f"there is no bookmark {name!r}", "known: " + (", ".join(self._all) or "none are set"))
        return found

    def delete(self, name: str) -> None:
        """Raises UserError when there is none."""
        self.get(name)
        del self._all[name]

    def in_region(self, region: Region) -> dict[int, str]:
        """Names by offset."""
        return {b.offset: b.name for b in self if (b.kind, b.region) == (region.kind, region.name)}
