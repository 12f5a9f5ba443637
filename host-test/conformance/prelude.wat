;; What every guest stands on: memory, an allocator, and the words that print a check.
;;
;; Memory: cells for results, then literals (put there by the assembler), one line of text, and
;; what the host allocates.
;;
;;      0 ┌ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┐ unused, so that a null pointer stands out
;;     16 │ pointer  20 length    │ where the host puts bytes:     (value)
;;     24 │ number                │ where it puts a u32:           (number)
;;     32 │ wide number           │ where it puts a u64:           (wide)
;;   1024 │ literals              │ (str "…") and (pairs "…" "…")
;;  65536 │ line                  │
;; 131072 │ heap                  │ up to the end of the memory
;;        └───────────────────────┘
;;
;; Cells are filled with 0xee before a check, so that one which the host left alone shows. A check
;; is one call, whose last argument is the call of the host function under test:
;;
;;   (call $bytes (str "get of an absent key") (call $proxy_get_property (str "x") (value)))
;;
;; prints `check get of an absent key: status=1 value=untouched`.
(memory (export "memory") 32)

(global $heap (mut i32) (i32.const 131072))
(global $line (mut i32) (i32.const 65536))

(func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (global.get $heap))
  (global.set $heap
    (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 23)) (i32.const -8)))
  (local.get $at))

;; ── text ──────────────────────────────────────────────────────────────────────────────────────

(func $put_byte (param $byte i32)
  (i32.store8 (global.get $line) (local.get $byte))
  (global.set $line (i32.add (global.get $line) (i32.const 1))))

(func $put (param $at i32) (param $length i32)
  (memory.copy (global.get $line) (local.get $at) (local.get $length))
  (global.set $line (i32.add (global.get $line) (local.get $length))))

(func $put_u64 (param $number i64)
  (if (i64.ge_u (local.get $number) (i64.const 10))
    (then (call $put_u64 (i64.div_u (local.get $number) (i64.const 10)))))
  (call $put_byte
    (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))))))

(func $put_u32 (param $number i32)
  (call $put_u64 (i64.extend_i32_u (local.get $number))))

(func $put_digit (param $digit i32) ;; hexadecimal
  (call $put_byte
    (i32.add (local.get $digit)
      (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $digit) (i32.const 9))))))

;; Bytes as they are, but for quotes, backslashes and what is no printable ASCII: `\x0a`.
(func $put_escaped (param $at i32) (param $length i32)
  (local $end i32) (local $byte i32)
  (local.set $end (i32.add (local.get $at) (local.get $length)))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.or
            (i32.or (i32.lt_u (local.get $byte) (i32.const 32))
                    (i32.gt_u (local.get $byte) (i32.const 126)))
            (i32.or (i32.eq (local.get $byte) (i32.const 34))
                    (i32.eq (local.get $byte) (i32.const 92))))
        (then
          (call $put (str "\\x"))
          (call $put_digit (i32.shr_u (local.get $byte) (i32.const 4)))
          (call $put_digit (i32.and (local.get $byte) (i32.const 15))))
        (else (call $put_byte (local.get $byte))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))))

;; A quoted text: at most 200 bytes of it, then how many there are.
(func $put_value (param $at i32) (param $length i32)
  (call $put_byte (i32.const 34))
  (call $put_escaped (local.get $at)
    (select (local.get $length) (i32.const 200) (i32.le_u (local.get $length) (i32.const 200))))
  (call $put_byte (i32.const 34))
  (if (i32.gt_u (local.get $length) (i32.const 200))
    (then (call $put (str "+")) (call $put_u32 (local.get $length)))))

;; ── parts of a line ───────────────────────────────────────────────────────────────────────────

(func $reset
  (memory.fill (i32.const 16) (i32.const 0xee) (i32.const 24))
  (global.set $line (i32.const 65536))
  (global.set $heap (i32.const 131072)))

(func $end
  (drop (call $print (i32.const 2) (i32.const 65536)
    (i32.sub (global.get $line) (i32.const 65536))))
  (call $reset))

(func $begin (param $name i32) (param $name_length i32)
  (call $put (str "check "))
  (call $put (local.get $name) (local.get $name_length))
  (call $put (str ":")))

(func $put_status (param $status i32)
  (call $put (str " status="))
  (call $put_u32 (local.get $status)))

;; The bytes that the cells of (value) point to.
(func $put_cell_bytes
  (call $put (str " value="))
  (if (i32.eq (i32.load (i32.const 16)) (i32.const 0xeeeeeeee))
    (then (call $put (str "untouched")))
    (else
      (if (i32.eq (i32.load (i32.const 20)) (i32.const 0xeeeeeeee))
        (then (call $put (str "of untouched length")))
        (else
          (if (i32.eqz (i32.load (i32.const 16)))
            (then (call $put (str "null+")) (call $put_u32 (i32.load (i32.const 20))))
            (else (call $put_value (i32.load (i32.const 16)) (i32.load (i32.const 20))))))))))

(func $put_cell_u32
  (if (i32.eq (i32.load (i32.const 24)) (i32.const 0xeeeeeeee))
    (then (call $put (str "untouched")))
    (else (call $put_u32 (i32.load (i32.const 24))))))

(func $put_cell_u64
  (if (i64.eq (i64.load (i32.const 32)) (i64.const 0xeeeeeeeeeeeeeeee))
    (then (call $put (str "untouched")))
    (else (call $put_u64 (i64.load (i32.const 32))))))

;; A serialized map (count, lengths, then `name\0value\0` each) as `[name=value; …]`.
(func $put_pairs (param $at i32)
  (local $left i32) (local $lengths i32) (local $name i32) (local $value i32)
  (local.set $left (i32.load (local.get $at)))
  (local.set $lengths (i32.add (local.get $at) (i32.const 4)))
  (local.set $at
    (i32.add (local.get $lengths) (i32.mul (local.get $left) (i32.const 8))))
  (call $put_byte (i32.const 91))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $left)))
      (local.set $name (i32.load (local.get $lengths)))
      (local.set $value (i32.load offset=4 (local.get $lengths)))
      (call $put_escaped (local.get $at) (local.get $name))
      (call $put_byte (i32.const 61))
      (local.set $at (i32.add (local.get $at) (i32.add (local.get $name) (i32.const 1))))
      (call $put_escaped (local.get $at) (local.get $value))
      (local.set $at (i32.add (local.get $at) (i32.add (local.get $value) (i32.const 1))))
      (local.set $lengths (i32.add (local.get $lengths) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (if (local.get $left) (then (call $put (str "; "))))
      (br $next)))
  (call $put_byte (i32.const 93)))

;; ── whole lines ───────────────────────────────────────────────────────────────────────────────

;; `check NAME: status=…`
(func $status (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (call $end))

;; `check NAME: status=… value="…"`, of (value).
(func $bytes (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (call $put_cell_bytes)
  (call $end))

;; `check NAME: status=… number=…`, of (number).
(func $u32 (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (call $put (str " number="))
  (call $put_cell_u32)
  (call $end))

;; `check NAME: status=… number=…`, of (wide).
(func $u64 (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (call $put (str " number="))
  (call $put_cell_u64)
  (call $end))

;; `check NAME: status=… pairs=[…]`, of (value).
(func $pairs (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (if (i32.or (i32.eqz (i32.load (i32.const 16)))
              (i32.eq (i32.load (i32.const 16)) (i32.const 0xeeeeeeee)))
    (then (call $put_cell_bytes))
    (else
      (call $put (str " pairs="))
      (call $put_pairs (i32.load (i32.const 16)))))
  (call $end))

;; `check NAME: yes`, or no when the answer is 0.
(func $yes (param $name i32) (param $length i32) (param $answer i32)
  (call $begin (local.get $name) (local.get $length))
  (if (local.get $answer)
    (then (call $put (str " yes")))
    (else (call $put (str " no"))))
  (call $end))

;; `call NAME` with up to four arguments, of a callback.
(func $called (param $name i32) (param $length i32)
  (call $put (str "call "))
  (call $put (local.get $name) (local.get $length)))
(func $called1 (param $name i32) (param $length i32) (param i32)
  (call $called (local.get $name) (local.get $length))
  (call $argument (local.get 2))
  (call $end))
(func $called2 (param $name i32) (param $length i32) (param i32 i32)
  (call $called (local.get $name) (local.get $length))
  (call $argument (local.get 2)) (call $argument (local.get 3))
  (call $end))
(func $called3 (param $name i32) (param $length i32) (param i32 i32 i32)
  (call $called (local.get $name) (local.get $length))
  (call $argument (local.get 2)) (call $argument (local.get 3)) (call $argument (local.get 4))
  (call $end))
(func $called5 (param $name i32) (param $length i32) (param i32 i32 i32 i32 i32)
  (call $called (local.get $name) (local.get $length))
  (call $argument (local.get 2)) (call $argument (local.get 3)) (call $argument (local.get 4))
  (call $argument (local.get 5)) (call $argument (local.get 6))
  (call $end))
(func $argument (param $number i32)
  (call $put_byte (i32.const 32))
  (call $put_u32 (local.get $number)))

(data (i32.const 16) "\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee\ee")
