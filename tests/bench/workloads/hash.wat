;; 32-bit mixing with its state in memory, as hash functions are compiled: sixteen words, n rounds.
(module
  (memory 1)
  (func $quarter (param $a i32) (param $b i32)
    (i32.store (local.get $a) (i32.add (i32.load (local.get $a)) (i32.load (local.get $b))))
    (i32.store (local.get $b)
      (i32.rotl (i32.xor (i32.load (local.get $b)) (i32.load (local.get $a))) (i32.const 13))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $fill
      (i32.store (local.get $i) (i32.mul (i32.add (local.get $i) (i32.const 1)) (i32.const 0x01000193)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64))))
    (loop $round
      (local.set $i (i32.const 0))
      (loop $words
        (call $quarter (local.get $i)
          (i32.and (i32.add (local.get $i) (i32.const 20)) (i32.const 60)))
        (br_if $words
          (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64))))
      (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.set $i (i32.const 0))
    (loop $add
      (local.set $sum (i32.xor (i32.rotl (local.get $sum) (i32.const 1)) (i32.load (local.get $i))))
      (br_if $add (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64))))
    (local.get $sum)))
