//! Four binary32 lanes: `v128` where WebAssembly has it, an array elsewhere, the same bits in both.
//!
//! Written out rather than left to the optimiser: what ships is linked with a level of optimisation
//! that makes no vectors of loops.
#![allow(unsafe_code)]

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32 as simd;
    use std::ops::{Add, Div, Mul, Sub};

    /// Four binary32 numbers.
    #[derive(Clone, Copy, Debug)]
    pub struct F32x4(simd::v128);
    /// Four words of 32 bits; of a comparison all ones or all zeros.
    #[derive(Clone, Copy, Debug)]
    pub struct U32x4(simd::v128);

    impl F32x4 {
        /// The same number four times.
        #[inline(always)]
        pub fn splat(x: f32) -> Self {
            Self(simd::f32x4_splat(x))
        }

        /// Four numbers.
        #[inline(always)]
        pub fn load(x: &[f32; 4]) -> Self {
            // SAFETY: a reference to 16 bytes; `v128.load` takes any alignment
            Self(unsafe { simd::v128_load(x.as_ptr().cast()) })
        }

        /// Writes the four numbers.
        #[inline(always)]
        pub fn store(self, to: &mut [f32; 4]) {
            // SAFETY: as in `load`
            unsafe { simd::v128_store(to.as_mut_ptr().cast(), self.0) }
        }

        /// Nearest integers, half to even.
        #[inline(always)]
        pub fn nearest(self) -> Self {
            Self(simd::f32x4_nearest(self.0))
        }

        /// Where the left is greater.
        #[inline(always)]
        pub fn gt(self, other: Self) -> U32x4 {
            U32x4(simd::f32x4_gt(self.0, other.0))
        }

        /// Where the left is less.
        #[inline(always)]
        pub fn lt(self, other: Self) -> U32x4 {
            U32x4(simd::f32x4_lt(self.0, other.0))
        }

        /// Where there is NaN.
        #[inline(always)]
        pub fn is_nan(self) -> U32x4 {
            U32x4(simd::f32x4_ne(self.0, self.0))
        }

        /// The bits as words.
        #[inline(always)]
        pub fn to_bits(self) -> U32x4 {
            U32x4(self.0)
        }

        /// Words as bits.
        #[inline(always)]
        pub fn from_bits(bits: U32x4) -> Self {
            Self(bits.0)
        }
    }

    impl U32x4 {
        /// The same word four times.
        #[inline(always)]
        pub fn splat(x: u32) -> Self {
            Self(simd::u32x4_splat(x))
        }

        /// The words.
        #[inline(always)]
        pub fn to_array(self) -> [u32; 4] {
            let mut words = [0; 4];
            // SAFETY: 16 bytes; `v128.store` takes any alignment
            unsafe { simd::v128_store(words.as_mut_ptr().cast(), self.0) };
            words
        }

        /// Bits of both.
        #[inline(always)]
        pub fn and(self, other: Self) -> Self {
            Self(simd::v128_and(self.0, other.0))
        }

        /// Bits of either.
        #[inline(always)]
        pub fn or(self, other: Self) -> Self {
            Self(simd::v128_or(self.0, other.0))
        }

        /// Bits of the left that the right lacks.
        #[inline(always)]
        pub fn without(self, other: Self) -> Self {
            Self(simd::v128_andnot(self.0, other.0))
        }

        /// Words moved left by `N` bits.
        #[inline(always)]
        pub fn shl<const N: u32>(self) -> Self {
            Self(simd::i32x4_shl(self.0, N))
        }

        /// The number of `yes` where the bits are set, else that of `no`.
        #[inline(always)]
        pub fn select(self, yes: F32x4, no: F32x4) -> F32x4 {
            F32x4(simd::v128_bitselect(yes.0, no.0, self.0))
        }
    }

    impl Add for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(simd::f32x4_add(self.0, other.0))
        }
    }

    impl Sub for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(simd::f32x4_sub(self.0, other.0))
        }
    }

    impl Mul for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(simd::f32x4_mul(self.0, other.0))
        }
    }

    impl Div for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(simd::f32x4_div(self.0, other.0))
        }
    }

    impl Add for U32x4 {
        type Output = Self;

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(simd::i32x4_add(self.0, other.0))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use core::array::from_fn;
    use std::ops::{Add, Div, Mul, Sub};

    /// Four binary32 numbers.
    #[derive(Clone, Copy, Debug)]
    pub struct F32x4([f32; 4]);
    /// Four words of 32 bits; of a comparison all ones or all zeros.
    #[derive(Clone, Copy, Debug)]
    pub struct U32x4([u32; 4]);

    macro_rules! lanes {
        ($x:expr, $y:expr, $f:expr) => {{
            let ([a, b, c, d], [e, f, g, h]) = ($x, $y);
            [$f(a, e), $f(b, f), $f(c, g), $f(d, h)]
        }};
    }

    const fn all_ones(yes: bool) -> u32 {
        if yes { u32::MAX } else { 0 }
    }

    impl F32x4 {
        /// The same number four times.
        #[inline(always)]
        pub fn splat(x: f32) -> Self {
            Self([x; 4])
        }

        /// Four numbers.
        #[inline(always)]
        pub fn load(x: &[f32; 4]) -> Self {
            Self(*x)
        }

        /// Writes the four numbers.
        #[inline(always)]
        pub fn store(self, to: &mut [f32; 4]) {
            *to = self.0;
        }

        /// Nearest integers, half to even.
        #[inline(always)]
        pub fn nearest(self) -> Self {
            Self(self.0.map(f32::round_ties_even))
        }

        /// Where the left is greater.
        #[inline(always)]
        pub fn gt(self, other: Self) -> U32x4 {
            U32x4(lanes!(self.0, other.0, |a, b| all_ones(a > b)))
        }

        /// Where the left is less.
        #[inline(always)]
        pub fn lt(self, other: Self) -> U32x4 {
            U32x4(lanes!(self.0, other.0, |a, b| all_ones(a < b)))
        }

        /// Where there is NaN.
        #[inline(always)]
        pub fn is_nan(self) -> U32x4 {
            U32x4(self.0.map(|x| all_ones(x.is_nan())))
        }

        /// The bits as words.
        #[inline(always)]
        pub fn to_bits(self) -> U32x4 {
            U32x4(self.0.map(f32::to_bits))
        }

        /// Words as bits.
        #[inline(always)]
        pub fn from_bits(bits: U32x4) -> Self {
            Self(bits.0.map(f32::from_bits))
        }
    }

    impl U32x4 {
        /// The same word four times.
        #[inline(always)]
        pub fn splat(x: u32) -> Self {
            Self([x; 4])
        }

        /// The words.
        #[inline(always)]
        pub fn to_array(self) -> [u32; 4] {
            self.0
        }

        /// Bits of both.
        #[inline(always)]
        pub fn and(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: u32, b: u32| a & b))
        }

        /// Bits of either.
        #[inline(always)]
        pub fn or(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: u32, b: u32| a | b))
        }

        /// Bits of the left that the right lacks.
        #[inline(always)]
        pub fn without(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: u32, b: u32| a & !b))
        }

        /// Words moved left by `N` bits.
        #[inline(always)]
        pub fn shl<const N: u32>(self) -> Self {
            Self(from_fn(|i| self.0.get(i).map_or(0, |x| x << N)))
        }

        /// The number of `yes` where the bits are set, else that of `no`.
        #[inline(always)]
        pub fn select(self, yes: F32x4, no: F32x4) -> F32x4 {
            let (yes, no) = (yes.to_bits(), no.to_bits());
            F32x4::from_bits(yes.and(self).or(no.without(self)))
        }
    }

    impl Add for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: f32, b: f32| a + b))
        }
    }

    impl Sub for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: f32, b: f32| a - b))
        }
    }

    impl Mul for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: f32, b: f32| a * b))
        }
    }

    impl Div for F32x4 {
        type Output = Self;

        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, |a: f32, b: f32| a / b))
        }
    }

    impl Add for U32x4 {
        type Output = Self;

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(lanes!(self.0, other.0, u32::wrapping_add))
        }
    }
}

pub use vector::{F32x4, U32x4};
