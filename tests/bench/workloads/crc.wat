;; Shifts and logic: CRC-32 bit by bit over 256 bytes, n times.
(module
  (memory 1)
  (func $crc (param $crc i32) (param $len i32) (result i32)
    (local $p i32) (local $k i32)
    (loop $byte
      (local.set $crc (i32.xor (local.get $crc) (i32.load8_u (local.get $p))))
      (local.set $k (i32.const 8))
      (loop $bit
        (local.set $crc
          (i32.xor (i32.shr_u (local.get $crc) (i32.const 1))
            (i32.and (i32.const 0xedb88320)
              (i32.sub (i32.const 0) (i32.and (local.get $crc) (i32.const 1))))))
        (br_if $bit (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (br_if $byte
        (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $len))))
    (local.get $crc))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $crc i32)
    (loop $fill
      (i32.store8 (local.get $i) (i32.mul (local.get $i) (i32.const 37)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
    (local.set $crc (i32.const -1))
    (loop $again
      (local.set $crc (call $crc (local.get $crc) (i32.const 256)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $crc) (i32.const -1))))
