;; Calls through a table: four small functions in turn.
(module
  (type $f (func (param i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) func $twice $shift $mix $count)
  (func $twice (type $f) (i32.add (local.get 0) (local.get 0)))
  (func $shift (type $f) (i32.xor (local.get 0) (i32.shr_u (local.get 0) (i32.const 7))))
  (func $mix (type $f) (i32.mul (local.get 0) (i32.const 0x9e3779b1)))
  (func $count (type $f) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $x i32)
    (local.set $x (i32.const 12345))
    (loop $again
      (local.set $x (call_indirect (type $f) (local.get $x) (i32.and (local.get $n) (i32.const 3))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))
