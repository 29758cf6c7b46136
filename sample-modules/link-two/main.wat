;; Two instances in one store: imports of every kind lead into the other instance's VMContext.
(module $main
  (type $binary (func (param i32 i32) (result i32)))
  (import "math" "add" (func $add (type $binary)))
  (import "math" "memory" (memory 1))
  (import "math" "calls" (global $calls (mut i32)))
  (import "math" "operations" (table $operations 2 funcref))

  ;; (a + b) * (a + b), and how often the other module was called is left in memory.
  (func $run (export "run") (param $a i32) (param $b i32) (result i32)
    (local $sum i32)
    (local.set $sum (call $add (local.get $a) (local.get $b)))
    (local.set $sum
      (call_indirect $operations (type $binary) (local.get $sum) (local.get $sum) (i32.const 1)))
    (i32.store (i32.const 16) (global.get $calls))
    (i32.add (local.get $sum) (i32.load (i32.const 16)))))
