;; Bulk memory: fills and overlapping copies of some hundred bytes.
(module
  (memory 2)
  (func (export "run") (param $n i32) (result i32)
    (local $at i32)
    (loop $again
      (local.set $at (i32.and (i32.mul (local.get $n) (i32.const 97)) (i32.const 0xffff)))
      (memory.fill (local.get $at) (local.get $n) (i32.const 200))
      (memory.copy (i32.add (local.get $at) (i32.const 64)) (local.get $at) (i32.const 300))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (local.get $at))))
