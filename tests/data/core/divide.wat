;; Traps two calls deep, with something in its memory, a global and locals.
;; divide.wasmtime.core was written by `wasmtime -D coredump=divide.wasmtime.core divide.wasm` 49.0.4.
(module
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 7))
  (data (i32.const 16) "hello")
  (func $divide (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $outer (param $n i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (i32.const 32) (i32.const 0x12345678))
    (i32.add (local.get $n) (call $divide (local.get $n) (i32.const 0))))
  (func (export "_start") (drop (call $outer (i32.const 5)))))
