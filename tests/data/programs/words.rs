// Counts words read from its arguments: strings, a map and formatting, as Rust programs have them.
use std::collections::BTreeMap;

fn main() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in std::env::args().skip(1).flat_map(|a| a.split(' ').map(str::to_owned).collect::<Vec<_>>()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    for (word, count) in &counts {
        println!("{word}: {count}");
    }
    std::process::exit(counts.len() as i32);
}
