"""The descriptor table is bytes: it can be copied, put back, and used again with nothing else kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.world import RealWorld
from tests.wasi.fake import LAYOUTS, FakeGuest, guest_in
from tests.wasi.probe import Probe
from vm.memory import AddressSpace, RegionKind
from vm.wasi.descriptors import MAX_DESCRIPTORS, Descriptor, DescriptorTable, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.world import Root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "f").write_bytes(b"0123456789")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/in").write_bytes(b"inner text")
    return tmp_path


def _copy(table: DescriptorTable, space: AddressSpace) -> DescriptorTable:
    """The same bytes in another address space."""
    data = bytes(table.region.view[: table.region.size])
    region = space.map(RegionKind.HOST, "descriptors", len(data), reserve=table.region.reserved)
    space.write(region.base, data)
    return DescriptorTable(space, LAYOUTS, region)


def _elsewhere(guest: FakeGuest) -> FakeGuest:
    return FakeGuest(RealWorld(guest.world.roots), table=_copy(guest.table, AddressSpace()))


def test_a_copied_table_reads_on(folder: Path) -> None:
    first = guest_in(folder)
    p = Probe(first, folder, folder)
    f = p.open("f")
    d = p.open("dir", 2, 2)
    p.get(f, 4)
    second = _elsewhere(first)
    first.close()
    q = Probe(second, folder, folder)
    assert q.get(f, 3) == b"456"
    assert q.get(q.open("in", fd=d), 5) == b"inner"
    assert [fd for fd, _ in second.table.open()] == [0, 1, 2, 3, f, d, d + 1]


def test_going_back_gives_the_offset_back(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    f = p.open("f")
    before = bytes(guest.table.region.view[: guest.table.region.size])
    assert p.get(f, 4) == b"0123"
    g = p.open("dir/in")
    guest.space.write(guest.table.region.base, before)
    guest.world.restored()
    assert p.get(f, 4) == b"0123"
    assert p.open("f") == g


def test_what_another_past_held_open_is_not_mistaken(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    before = bytes(guest.table.region.view[: guest.table.region.size])
    p.open("f")
    guest.space.write(guest.table.region.base, before)
    g = p.open("dir/in")
    assert p.get(g, 5) == b"inner"


def test_closed_records_are_zero(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    f = p.open("f")
    p("fd_close", f)
    view = guest.table.view(f)
    assert not any(guest.space.read(view.addr, view.size))


def test_a_record_says_what_it_stands_for(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    (folder / "link").symlink_to("dir")
    f = p.open("link/../dir/in", 0, 2, 1)
    found = guest.table.get(f)
    assert (found.kind, found.path, found.root, found.offset) == (Kind.FILE, b"dir/in", 0, 0)
    assert guest.table.get(3).guest == f"/{folder.name}".encode()
    assert guest.table.get(3).path == str(folder).encode()


def test_no_more_than_the_limit(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    for _ in range(MAX_DESCRIPTORS - guest.table.count):
        guest.table.add(Descriptor(Kind.STDOUT))
    assert p("path_open", 3, 1, "new", 1, 2, 0, 0, 256) == Errno.MFILE
    assert not (folder / "new").exists()
    p("fd_close", 9)
    assert p.open("new", 1) == 9


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Refused):
        DescriptorTable.create(AddressSpace(), LAYOUTS, (Root(b"/tmp", b"g" * 300),))


def test_every_write_marks_its_card(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    f = p.open("f")
    cards = guest.table.region.cards
    assert cards is not None
    cards[:] = bytes(len(cards))
    p.get(f, 1)
    assert any(cards)


def test_a_file_that_is_gone_after_a_restore_is_an_error(folder: Path) -> None:
    guest = guest_in(folder)
    p = Probe(guest, folder, folder)
    f = p.open("f")
    (folder / "f").unlink()
    guest.world.restored()
    assert p("fd_read", f, *p.vectors((0x10000, 4)), 256) == Errno.NOENT
