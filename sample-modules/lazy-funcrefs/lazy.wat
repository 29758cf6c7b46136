;; Table elements are resolved when they are first used, not when the instance is made: slot by slot, 0 becomes the
;; tagged address of a VMFuncRef. A function that nobody asks for keeps an unwritten record.
(module $lazy
  (type $unary (func (param i32) (result i32)))
  (table $handlers (export "handlers") 6 funcref)
  (elem (table $handlers) (i32.const 1) func $double $square $negate)
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func $negate (type $unary) (i32.sub (i32.const 0) (local.get 0)))

  ;; Uses element 2 alone; then copies it, unlooked at, over element 5.
  (func $run (export "run") (param $x i32) (result i32)
    (table.set $handlers (i32.const 5) (table.get $handlers (i32.const 2))) ;; @copy
    (i32.add
      (call_indirect $handlers (type $unary) (local.get $x) (i32.const 5))
      (i32.add
        (ref.is_null (table.get $handlers (i32.const 0)))
        (table.size $handlers)))))
