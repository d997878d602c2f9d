;; The inner loops of two programs' resizing in 128-bit SIMD, bit by bit: Pillow's resampling (ImagingResampleHorizontal_8bpc and
;; ImagingResampleVertical_8bpc), and OpenCV's bilinear filter, which come last.
;;
;; Pillow computes, in 32-bit integers, clamp((2^21 + sum of pixel * weight) >> 22) with weights of 22 fraction bits.
;; The fast multiply-add of the instruction set, i32x4.dot_i16x8_s, takes 16-bit factors, so each weight is cut in two:
;; weight = high * 2^11 + low, 0 <= low < 2^11. Two sums are kept, and (highSum << 11) + lowSum is Pillow's sum, bit by bit; the 2^21
;; that rounds is where the low sum starts.
;; One dot instruction takes two taps at once: lanes are (pixel j, pixel j+1) against (weight j, weight j+1).
;;
;; The caller owns the memory, aligns nothing, and leaves 64 readable bytes behind every buffer.
(module
  (memory (export "memory") 1)

  ;; Four rows of RGB at once, so that each weight is loaded once for four pixels.
  ;; offsets: i32 per output pixel, byte offset of its first input pixel in the row.
  ;; weights: per output pixel $pairs pairs of taps, each (high a, high b, low a, low b) as i16. A missing tap weighs 0.
  (func (export "horizontal")
    (param $src i32) (param $srcStride i32) (param $dst i32) (param $dstStride i32)
    (param $width i32) (param $offsets i32) (param $weights i32) (param $pairs i32)
    (local $end i32) (local $weightsEnd i32) (local $to i32) (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local $wh v128) (local $wl v128) (local $x v128) (local $zero v128) (local $half v128)
    (local.set $half (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
    (local.set $end (i32.add (local.get $offsets) (i32.shl (local.get $width) (i32.const 2))))
    (loop $pixel
      (local.set $p0 (i32.add (local.get $src) (i32.load (local.get $offsets))))
      (local.set $p1 (i32.add (local.get $p0) (local.get $srcStride)))
      (local.set $p2 (i32.add (local.get $p1) (local.get $srcStride)))
      (local.set $p3 (i32.add (local.get $p2) (local.get $srcStride)))
      (local.set $h0 (local.get $zero)) (local.set $h1 (local.get $zero))
      (local.set $h2 (local.get $zero)) (local.set $h3 (local.get $zero))
      (local.set $l0 (local.get $half)) (local.set $l1 (local.get $half))
      (local.set $l2 (local.get $half)) (local.set $l3 (local.get $half))
      (local.set $weightsEnd (i32.add (local.get $weights) (i32.shl (local.get $pairs) (i32.const 3))))
      (loop $pair
        (local.set $wh (v128.load32_splat (local.get $weights)))
        (local.set $wl (v128.load32_splat offset=4 (local.get $weights)))
        (local.set $x (i8x16.swizzle (v128.load64_zero (local.get $p0)) (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
        (local.set $h0 (i32x4.add (local.get $h0) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l0 (i32x4.add (local.get $l0) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $p0 (i32.add (local.get $p0) (i32.const 6)))
        (local.set $x (i8x16.swizzle (v128.load64_zero (local.get $p1)) (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
        (local.set $h1 (i32x4.add (local.get $h1) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l1 (i32x4.add (local.get $l1) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $p1 (i32.add (local.get $p1) (i32.const 6)))
        (local.set $x (i8x16.swizzle (v128.load64_zero (local.get $p2)) (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
        (local.set $h2 (i32x4.add (local.get $h2) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l2 (i32x4.add (local.get $l2) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $p2 (i32.add (local.get $p2) (i32.const 6)))
        (local.set $x (i8x16.swizzle (v128.load64_zero (local.get $p3)) (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
        (local.set $h3 (i32x4.add (local.get $h3) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l3 (i32x4.add (local.get $l3) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $p3 (i32.add (local.get $p3) (i32.const 6)))
        (local.set $weights (i32.add (local.get $weights) (i32.const 8)))
        (br_if $pair (i32.lt_u (local.get $weights) (local.get $weightsEnd))))
      ;; 4 x (red, green, blue, and a byte that the next pixel overwrites), clamped.
      (local.set $x
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h0) (i32.const 11)) (local.get $l0)) (i32.const 22))
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h1) (i32.const 11)) (local.get $l1)) (i32.const 22)))
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h2) (i32.const 11)) (local.get $l2)) (i32.const 22))
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h3) (i32.const 11)) (local.get $l3)) (i32.const 22)))))
      (v128.store32_lane 0 (local.get $dst) (local.get $x))
      (local.set $to (i32.add (local.get $dst) (local.get $dstStride)))
      (v128.store32_lane 1 (local.get $to) (local.get $x))
      (local.set $to (i32.add (local.get $to) (local.get $dstStride)))
      (v128.store32_lane 2 (local.get $to) (local.get $x))
      (v128.store32_lane 3 (i32.add (local.get $to) (local.get $dstStride)) (local.get $x))
      (local.set $dst (i32.add (local.get $dst) (i32.const 3)))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (br_if $pixel (i32.lt_u (local.get $offsets) (local.get $end)))))

  ;; One output row out of $pairs * 2 input rows, 16 samples at a time; channels do not matter.
  ;; weights: per pair of rows (high a, high b, low a, low b) as i16. Bytes up to the next multiple of 16 are written too.
  (func (export "vertical")
    (param $src i32) (param $stride i32) (param $dst i32) (param $length i32) (param $weights i32) (param $pairs i32)
    (local $end i32) (local $p i32) (local $w i32) (local $wEnd i32)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local $wh v128) (local $wl v128) (local $a v128) (local $b v128) (local $v v128) (local $x v128) (local $zero v128) (local $half v128)
    (local.set $half (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
    (local.set $end (i32.add (local.get $dst) (local.get $length)))
    (local.set $wEnd (i32.add (local.get $weights) (i32.shl (local.get $pairs) (i32.const 3))))
    (loop $columns
      (local.set $p (local.get $src))
      (local.set $w (local.get $weights))
      (local.set $h0 (local.get $zero)) (local.set $h1 (local.get $zero))
      (local.set $h2 (local.get $zero)) (local.set $h3 (local.get $zero))
      (local.set $l0 (local.get $half)) (local.set $l1 (local.get $half))
      (local.set $l2 (local.get $half)) (local.set $l3 (local.get $half))
      (loop $pair
        (local.set $wh (v128.load32_splat (local.get $w)))
        (local.set $wl (v128.load32_splat offset=4 (local.get $w)))
        (local.set $a (v128.load (local.get $p)))
        (local.set $b (v128.load (i32.add (local.get $p) (local.get $stride))))
        ;; a0 b0 a1 b1 ... a7 b7
        (local.set $v (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b)))
        (local.set $x (i16x8.extend_low_i8x16_u (local.get $v)))
        (local.set $h0 (i32x4.add (local.get $h0) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l0 (i32x4.add (local.get $l0) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $x (i16x8.extend_high_i8x16_u (local.get $v)))
        (local.set $h1 (i32x4.add (local.get $h1) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l1 (i32x4.add (local.get $l1) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        ;; a8 b8 ... a15 b15
        (local.set $v (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $a) (local.get $b)))
        (local.set $x (i16x8.extend_low_i8x16_u (local.get $v)))
        (local.set $h2 (i32x4.add (local.get $h2) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l2 (i32x4.add (local.get $l2) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $x (i16x8.extend_high_i8x16_u (local.get $v)))
        (local.set $h3 (i32x4.add (local.get $h3) (i32x4.dot_i16x8_s (local.get $x) (local.get $wh))))
        (local.set $l3 (i32x4.add (local.get $l3) (i32x4.dot_i16x8_s (local.get $x) (local.get $wl))))
        (local.set $p (i32.add (local.get $p) (i32.shl (local.get $stride) (i32.const 1))))
        (local.set $w (i32.add (local.get $w) (i32.const 8)))
        (br_if $pair (i32.lt_u (local.get $w) (local.get $wEnd))))
      (v128.store (local.get $dst)
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h0) (i32.const 11)) (local.get $l0)) (i32.const 22))
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h1) (i32.const 11)) (local.get $l1)) (i32.const 22)))
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h2) (i32.const 11)) (local.get $l2)) (i32.const 22))
            (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $h3) (i32.const 11)) (local.get $l3)) (i32.const 22)))))
      (local.set $src (i32.add (local.get $src) (i32.const 16)))
      (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.get $dst) (local.get $end)))))

  ;; OpenCV's resize (INTER_LINEAR, 8 bits): weights of 11 fraction bits, two taps along each axis, both passes in integers.

  ;; One row of RGB to the width of the output: 16-bit samples of 7 fraction bits, (pixel * weight a + next pixel * weight b) >> 4.
  ;; offsets: i32 per output pixel, byte offset of its first input pixel. weights: (weight a, weight b) as i16 per output pixel.
  ;; Two bytes behind the last sample are written too.
  (func (export "opencvHorizontal")
    (param $src i32) (param $dst i32) (param $width i32) (param $offsets i32) (param $weights i32)
    (local $end i32) (local $x v128)
    (local.set $end (i32.add (local.get $offsets) (i32.shl (local.get $width) (i32.const 2))))
    (loop $pixel
      (local.set $x
        (i8x16.swizzle
          (v128.load64_zero (i32.add (local.get $src) (i32.load (local.get $offsets))))
          (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
      (local.set $x
        (i32x4.shr_u (i32x4.dot_i16x8_s (local.get $x) (v128.load32_splat (local.get $weights))) (i32.const 4)))
      (v128.store64_lane 0 (local.get $dst) (i16x8.narrow_i32x4_s (local.get $x) (local.get $x)))
      (local.set $dst (i32.add (local.get $dst) (i32.const 6)))
      (local.set $weights (i32.add (local.get $weights) (i32.const 4)))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (br_if $pixel (i32.lt_u (local.get $offsets) (local.get $end)))))

  ;; One output row out of two such rows, 16 samples at a time: ((a * weight a >> 16) + (b * weight b >> 16) + 2) >> 2.
  ;; Bytes up to the next multiple of 16 are written too.
  (func (export "opencvVertical")
    (param $a i32) (param $b i32) (param $dst i32) (param $length i32) (param $weightA i32) (param $weightB i32)
    (local $end i32) (local $wa v128) (local $wb v128) (local $two v128) (local $low v128)
    (local.set $wa (i16x8.splat (local.get $weightA)))
    (local.set $wb (i16x8.splat (local.get $weightB)))
    (local.set $two (v128.const i32x4 2 2 2 2))
    (local.set $end (i32.add (local.get $dst) (local.get $length)))
    (loop $columns
      (local.set $low (call $mix (v128.load (local.get $a)) (v128.load (local.get $b)) (local.get $wa) (local.get $wb) (local.get $two)))
      (v128.store (local.get $dst)
        (i8x16.narrow_i16x8_u
          (local.get $low)
          (call $mix (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $b)) (local.get $wa) (local.get $wb) (local.get $two))))
      (local.set $a (i32.add (local.get $a) (i32.const 32)))
      (local.set $b (i32.add (local.get $b) (i32.const 32)))
      (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.get $dst) (local.get $end)))))

  (func $mix (param $a v128) (param $b v128) (param $wa v128) (param $wb v128) (param $two v128) (result v128)
    (i16x8.narrow_i32x4_s
      (i32x4.shr_s
        (i32x4.add
          (i32x4.add
            (i32x4.shr_s (i32x4.extmul_low_i16x8_s (local.get $a) (local.get $wa)) (i32.const 16))
            (i32x4.shr_s (i32x4.extmul_low_i16x8_s (local.get $b) (local.get $wb)) (i32.const 16)))
          (local.get $two))
        (i32.const 2))
      (i32x4.shr_s
        (i32x4.add
          (i32x4.add
            (i32x4.shr_s (i32x4.extmul_high_i16x8_s (local.get $a) (local.get $wa)) (i32.const 16))
            (i32x4.shr_s (i32x4.extmul_high_i16x8_s (local.get $b) (local.get $wb)) (i32.const 16)))
          (local.get $two))
        (i32.const 2)))))
