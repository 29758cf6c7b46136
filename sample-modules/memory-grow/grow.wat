;; A memory that grows: current_length in the VMContext changes, and the pages behind it become usable.
(module $grow
  (memory $heap (export "memory") 1 4)
  (global $top (mut i32) (i32.const 0))

  ;; Hands out `size` bytes, growing the memory when they do not fit; -1 when it cannot grow.
  (func $alloc (export "alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $fits (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))) ;; @grown
      (return (i32.const -1)))
    (local.get $at))

  ;; Allocates `count` blocks of 40,000 bytes, writes each one's number at its start, and adds them up.
  (func $run (export "run") (param $count i32) (result i32)
    (local $i i32) (local $at i32) (local $sum i32)
    (loop $next
      (local.set $at (call $alloc (i32.const 40000)))
      (if (i32.lt_s (local.get $at) (i32.const 0)) (then (return (i32.const -1))))
      (i32.store (local.get $at) (local.get $i))
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
    (local.get $sum)))
