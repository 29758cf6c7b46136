;; Floating point: escape counts of an n by n picture of the Mandelbrot set, added up.
(module
  (func $escape (param $cx f64) (param $cy f64) (result i32)
    (local $x f64) (local $y f64) (local $xx f64) (local $yy f64) (local $i i32)
    (loop $step
      (local.set $y
        (f64.add (f64.mul (f64.mul (local.get $x) (local.get $y)) (f64.const 2)) (local.get $cy)))
      (local.set $x (f64.add (f64.sub (local.get $xx) (local.get $yy)) (local.get $cx)))
      (local.set $xx (f64.mul (local.get $x) (local.get $x)))
      (local.set $yy (f64.mul (local.get $y) (local.get $y)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $step
        (i32.and (f64.le (f64.add (local.get $xx) (local.get $yy)) (f64.const 4))
                 (i32.lt_u (local.get $i) (i32.const 64)))))
    (local.get $i))
  (func (export "run") (param $n i32) (result i32)
    (local $row i32) (local $column i32) (local $sum i32) (local $scale f64)
    (local.set $scale (f64.div (f64.const 3) (f64.convert_i32_u (local.get $n))))
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $sum
          (i32.add (local.get $sum)
            (call $escape
              (f64.sub (f64.mul (f64.convert_i32_u (local.get $column)) (local.get $scale)) (f64.const 2.25))
              (f64.sub (f64.mul (f64.convert_i32_u (local.get $row)) (local.get $scale)) (f64.const 1.5)))))
        (br_if $columns
          (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $n))))
      (br_if $rows (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
