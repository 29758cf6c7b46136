// Structures, enums with data, options, slices and strings.
#![no_std]
extern crate alloc;
use alloc::{boxed::Box, string::String, string::ToString, vec, vec::Vec};

pub enum Shape {
    Empty,
    Circle(f64),
    Rect { width: u32, height: u32 },
}

pub struct Node {
    key: i32,
    name: String,
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

static LIMIT: u32 = 12;

fn insert(tree: Option<Box<Node>>, key: i32, name: &str) -> Option<Box<Node>> {
    match tree {
        None => Some(Box::new(Node { key, name: name.to_string(), left: None, right: None })),
        Some(mut node) => {
            if key < node.key {
                node.left = insert(node.left.take(), key, name);
            } else {
                node.right = insert(node.right.take(), key, name);
            }
            Some(node)
        }
    }
}

fn depth(tree: &Option<Box<Node>>) -> usize {
    match tree {
        None => 0,
        Some(node) => {
            let left = depth(&node.left);
            let right = depth(&node.right);
            1 + left.max(right) + node.name.len() / 100
        }
    }
}

#[inline(never)]
fn area(shape: &Shape) -> f64 {
    match shape {
        Shape::Empty => 0.0,
        Shape::Circle(radius) => 3.0 * radius * radius,
        Shape::Rect { width, height } => (width * height) as f64,
    }
}

fn total(numbers: &[i64]) -> i64 {
    let mut sum = 0;
    for number in numbers {
        sum += number;
    }
    sum
}

#[no_mangle]
pub extern "C" fn run(seed: i32) -> f64 {
    let shapes = vec![Shape::Circle(2.0), Shape::Rect { width: 3, height: 4 }, Shape::Empty];
    let numbers: Vec<i64> = vec![1, 2, 3, 5, seed as i64];
    let maybe: Option<u32> = Some(7);
    let nothing: Option<u32> = None;
    let pair = (1u8, -2i16);
    let letter = 'é';
    let result: Result<u32, String> = Err("no luck".to_string());
    let mut tree = None;
    for (key, name) in [(5, "five"), (2, "two"), (8, "eight"), (1, "one")] {
        tree = insert(tree, key, name);
    }
    let middle = &numbers[1..4];
    let sum = total(middle);
    let mut areas = 0.0;
    for shape in &shapes {
        areas += area(shape);
    }
    let deep = depth(&tree);
    let known = maybe.unwrap_or(0) + nothing.unwrap_or(1) + pair.0 as u32 + letter as u32 + result.is_ok() as u32;
    sum as f64 + areas + deep as f64 + known as f64 + LIMIT as f64 + tree.map_or(0, |n| n.key + n.right.is_some() as i32) as f64
}
