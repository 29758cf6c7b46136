;; Calls through a table, as C function pointers and virtual methods are compiled: every element is a funcref.
(module $shapes
  (type $area (func (param f64 f64) (result f64)))
  (table $kinds 3 funcref)
  (elem (table $kinds) (i32.const 0) func $rectangle $triangle $ellipse)

  (func $rectangle (type $area) (f64.mul (local.get 0) (local.get 1)))
  (func $triangle (type $area) (f64.div (f64.mul (local.get 0) (local.get 1)) (f64.const 2)))
  (func $ellipse (type $area)
    (f64.mul (f64.const 3.141592653589793) (f64.mul (local.get 0) (local.get 1))))

  (func $measure (export "measure") (param $kind i32) (param $width f64) (param $height f64) (result f64)
    (call_indirect $kinds (type $area) (local.get $width) (local.get $height) (local.get $kind))) ;; @call

  ;; All kinds, one after the other: the table's elements are resolved one by one as they are first called.
  (func $all (export "all") (param $width f64) (param $height f64) (result f64)
    (local $kind i32) (local $sum f64)
    (loop $next
      (local.set $sum
        (f64.add (local.get $sum)
          (call $measure (local.get $kind) (local.get $width) (local.get $height))))
      (local.set $kind (i32.add (local.get $kind) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $kind) (i32.const 3))))
    (local.get $sum)))
