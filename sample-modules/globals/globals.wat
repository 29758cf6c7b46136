;; Globals of every number type, mutable and not, as 16-byte cells of the VMContext.
(module $globals
  (global $counter (export "counter") (mut i32) (i32.const 0))
  (global $total (export "total") (mut i64) (i64.const 1_000_000_000_000))
  (global $ratio (mut f32) (f32.const 1.5))
  (global $mean (export "mean") (mut f64) (f64.const 0))
  (global $step i32 (i32.const 3))
  (global $start i32 (i32.add (global.get $step) (i32.const 4)))
  (global $handler (mut funcref) (ref.func $tick))

  (func $tick (export "tick") (param $times i32) (result f64)
    (loop $again
      (global.set $counter (i32.add (global.get $counter) (global.get $step))) ;; @count
      (global.set $total (i64.add (global.get $total) (i64.extend_i32_u (global.get $counter))))
      (global.set $ratio (f32.mul (global.get $ratio) (f32.const 1.25)))
      (global.set $mean
        (f64.div (f64.convert_i64_u (global.get $total)) (f64.convert_i32_u (global.get $counter))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))
    (f64.add (global.get $mean)
      (f64.add (f64.promote_f32 (global.get $ratio)) (f64.convert_i32_s (global.get $start))))))
