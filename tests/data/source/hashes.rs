// A map and a set of the shape that the standard library's have, whose own debug information is megabytes.
#![no_std]
use core::marker::PhantomData;
use core::ptr::NonNull;

pub struct RawTableInner {
    bucket_mask: usize,
    ctrl: NonNull<u8>,
    growth_left: usize,
    items: usize,
}

pub struct RawTable<T> {
    table: RawTableInner,
    marker: PhantomData<T>,
}

pub struct HashMap<K, V> {
    hash_builder: u32,
    table: RawTable<(K, V)>,
}

pub struct HashSet<T> {
    map: HashMap<T, ()>,
}

// Buckets lie before their control bytes, the first one last; a control byte below 0x80 is of one in use.
#[repr(C)]
struct Buckets<T, const N: usize> {
    last_first: [T; N],
    control: [u8; N],
}

fn table<T>(control: &mut [u8], items: usize) -> RawTable<T> {
    let ctrl = unsafe { NonNull::new_unchecked(control.as_mut_ptr()) };
    RawTable { table: RawTableInner { bucket_mask: control.len() - 1, ctrl, growth_left: 0, items }, marker: PhantomData }
}

#[no_mangle]
pub extern "C" fn run(seed: i32) -> i32 {
    let mut pairs: Buckets<(&str, i32), 4> =
        Buckets { last_first: [("", 0), ("bob", 30), ("", 0), ("ada", seed)], control: [7, 255, 1, 128] };
    let ages: HashMap<&str, i32> = HashMap { hash_builder: 1, table: table(&mut pairs.control, 2) };
    let mut chars = Buckets { last_first: ['a', 'b'], control: [0, 255] };
    let letters: HashSet<char> = HashSet { map: HashMap { hash_builder: 2, table: table(&mut chars.control, 1) } };
    let sum = ages.table.table.items + letters.map.table.table.items + pairs.last_first.len() + chars.last_first.len();
    sum as i32
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
