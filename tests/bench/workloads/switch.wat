;; br_table: a small machine of eight instructions, run n steps.
(module
  (func (export "run") (param $n i32) (result i32)
    (local $a i32) (local $state i32)
    (local.set $a (i32.const 1))
    (loop $step
      (block $seven (block $six (block $five (block $four (block $three (block $two (block $one (block $zero
        (br_table $zero $one $two $three $four $five $six $seven
          (i32.and (local.get $state) (i32.const 7))))
        (local.set $a (i32.add (local.get $a) (i32.const 3))) (br $seven))
        (local.set $a (i32.xor (local.get $a) (i32.const 0x55))) (br $seven))
        (local.set $a (i32.mul (local.get $a) (i32.const 5))) (br $seven))
        (local.set $a (i32.rotl (local.get $a) (i32.const 3))) (br $seven))
        (local.set $a (i32.sub (local.get $a) (local.get $n))) (br $seven))
        (local.set $a (i32.or (local.get $a) (i32.const 1))) (br $seven))
        (local.set $a (i32.shr_u (local.get $a) (i32.const 1))))
      (local.set $state (i32.add (i32.mul (local.get $state) (i32.const 5)) (i32.const 3)))
      (br_if $step (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a)))
