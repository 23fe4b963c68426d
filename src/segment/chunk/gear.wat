;; The kernel of the cutter: rolling gear hash and runs of zeros over linear memory.
;; Memory: the gear table (256 x i64, little-endian) at 0, the bytes to cut wherever the caller puts them above it.
;; Assembled by test/segment/chunk/wat-assembler.ts into gear-wasm.ts; a test keeps the two equal.
(module
  (memory (export "memory") 1)

  ;; The end of the chunk: after the first byte at which the hash is small, looking from $check on; else $end.
  ;; Bytes from $at to $check only warm the hash. Before $loose the hash must have 18 zero bits on top, behind it 14.
  (func (export "cut") (param $at i32) (param $check i32) (param $loose i32) (param $end i32) (result i32)
    (local $h i64)
    block $warm
    loop $turn
      local.get $at
      local.get $check
      i32.ge_u
      br_if $warm
      local.get $h
      i64.const 1
      i64.shl
      local.get $at
      i32.load8_u offset=0
      i32.const 3
      i32.shl
      i64.load
      i64.add
      local.set $h
      local.get $at
      i32.const 1
      i32.add
      local.set $at
      br $turn
    end
    end
    ;; strict: four bytes a turn, then one by one
    block $rest
    loop $turn
      local.get $at
      i32.const 4
      i32.add
      local.get $loose
      i32.gt_u
      br_if $rest
      block $next
      block $found4
      block $found3
      block $found2
      block $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=0
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 70368744177664
          i64.lt_u
          br_if $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=1
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 70368744177664
          i64.lt_u
          br_if $found2
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=2
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 70368744177664
          i64.lt_u
          br_if $found3
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=3
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 70368744177664
          i64.lt_u
          br_if $found4
          br $next
      end
      local.get $at
      i32.const 1
      i32.add
      return
      end
      local.get $at
      i32.const 2
      i32.add
      return
      end
      local.get $at
      i32.const 3
      i32.add
      return
      end
      local.get $at
      i32.const 4
      i32.add
      return
      end
      local.get $at
      i32.const 4
      i32.add
      local.set $at
      br $turn
    end
    end
    block $done
    loop $single
      local.get $at
      local.get $loose
      i32.ge_u
      br_if $done
      block $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=0
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 70368744177664
          i64.lt_u
          br_if $found1
        local.get $at
        i32.const 1
        i32.add
        local.set $at
        br $single
      end
      local.get $at
      i32.const 1
      i32.add
      return
    end
    end
    ;; loose: four bytes a turn, then one by one
    block $rest
    loop $turn
      local.get $at
      i32.const 4
      i32.add
      local.get $end
      i32.gt_u
      br_if $rest
      block $next
      block $found4
      block $found3
      block $found2
      block $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=0
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 1125899906842624
          i64.lt_u
          br_if $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=1
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 1125899906842624
          i64.lt_u
          br_if $found2
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=2
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 1125899906842624
          i64.lt_u
          br_if $found3
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=3
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 1125899906842624
          i64.lt_u
          br_if $found4
          br $next
      end
      local.get $at
      i32.const 1
      i32.add
      return
      end
      local.get $at
      i32.const 2
      i32.add
      return
      end
      local.get $at
      i32.const 3
      i32.add
      return
      end
      local.get $at
      i32.const 4
      i32.add
      return
      end
      local.get $at
      i32.const 4
      i32.add
      local.set $at
      br $turn
    end
    end
    block $done
    loop $single
      local.get $at
      local.get $end
      i32.ge_u
      br_if $done
      block $found1
          local.get $h
          i64.const 1
          i64.shl
          local.get $at
          i32.load8_u offset=0
          i32.const 3
          i32.shl
          i64.load
          i64.add
          local.tee $h
          i64.const 1125899906842624
          i64.lt_u
          br_if $found1
        local.get $at
        i32.const 1
        i32.add
        local.set $at
        br $single
      end
      local.get $at
      i32.const 1
      i32.add
      return
    end
    end
    local.get $end
  )

  ;; The first place from $at on that holds no zero, or $end.
  (func (export "zerosEnd") (param $at i32) (param $end i32) (result i32)
    block $words
    loop $turn
      local.get $at
      i32.const 8
      i32.add
      local.get $end
      i32.gt_u
      br_if $words
      local.get $at
      i64.load
      i64.const 0
      i64.ne
      br_if $words
      local.get $at
      i32.const 8
      i32.add
      local.set $at
      br $turn
    end
    end
    block $done
    loop $single
      local.get $at
      local.get $end
      i32.ge_u
      br_if $done
      local.get $at
      i32.load8_u offset=0
      i32.const 0
      i32.ne
      br_if $done
      local.get $at
      i32.const 1
      i32.add
      local.set $at
      br $single
    end
    end
    local.get $at
  )

  ;; The first place of the zeros that end before $at, not below $floor; $at when there are none.
  (func (export "zerosStart") (param $at i32) (param $floor i32) (result i32)
    block $words
    loop $turn
      local.get $floor
      i32.const 8
      i32.add
      local.get $at
      i32.gt_u
      br_if $words
      local.get $at
      i32.const 8
      i32.sub
      i64.load
      i64.const 0
      i64.ne
      br_if $words
      local.get $at
      i32.const 8
      i32.sub
      local.set $at
      br $turn
    end
    end
    block $done
    loop $single
      local.get $at
      local.get $floor
      i32.le_u
      br_if $done
      local.get $at
      i32.const 1
      i32.sub
      i32.load8_u offset=0
      i32.const 0
      i32.ne
      br_if $done
      local.get $at
      i32.const 1
      i32.sub
      local.set $at
      br $single
    end
    end
    local.get $at
  )
)
