//! Functions of many binary64 numbers, several at a time.
//!
//! Where the processor has AVX-512 or AVX2 the same loops are taken that were compiled for it.
//! Nothing in them is fused or put in another order, and a root is rounded once everywhere, so that
//! the bits are the same on every machine.
#![allow(unsafe_code)]

use core::f64::consts::LOG2_E;

/// ln 2 in two parts, of which the first has 26 digits, so that its product with a whole number is
/// exact.
const LN_2: [f64; 2] = [0.693_147_167_563_438_4, 1.299_650_689_388_988_9e-8];

/// Adding it rounds to a whole number, which is then in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Numbers that are worked out together: one vector of AVX-512, two of AVX2.
pub const LANES: usize = 8;

/// Where eˣ is no longer a normal double.
const LOWEST: f64 = -708.0;
const HIGHEST: f64 = 709.0;

/// (atanh u − u)/(u x) for x ≤ 1/4 within 3 × 10⁻¹⁶, interpolated at Chebyshev's nodes.
const TAIL: [f64; 13] = [
    0.333_333_333_333_333_4,
    0.199_999_999_999_888_82,
    0.142_857_142_881_957_86,
    0.111_111_108_941_550_87,
    0.090_909_189_113_912_44,
    0.076_920_442_667_599_73,
    0.066_711_779_797_293_83,
    0.058_309_531_156_912_356,
    0.056_599_417_377_332_484,
    0.026_913_545_051_501_023,
    0.114_547_545_108_890_2,
    -0.109_516_507_426_128_55,
    0.197_454_264_785_334_93,
];

/// ((1 + u) ln(1 + u) + (1 − u) ln(1 − u))/x for x ≤ 1/4 within 2 × 10⁻¹⁷, in the same way.
const ENTROPY: [f64; 13] = [
    1.0,
    0.166_666_666_666_659_14,
    0.066_666_666_668_348_65,
    0.035_714_285_567_169_24,
    0.022_222_228_885_653_575,
    0.015_151_336_251_909_375,
    0.010_992_078_451_474_438,
    0.008_298_327_091_145_986,
    0.006_806_780_991_781_35,
    0.003_845_451_086_269_576_7,
    0.009_217_619_538_886_054,
    -0.006_739_560_728_896_578,
    0.014_368_805_567_745_852,
];

/// (1 + 2x) eˣ² erfc(x) for x in [0, 26.6], interpolated at Chebyshev's nodes of s in [−1, 1], where
/// s = (1 + t) · [`ERFCX_SCALE`] − 1 and t = (x − 3.75)/(x + 3.75).
const ERFCX: [f64; 22] = [
    1.254_711_843_806_869,
    -0.119_563_206_345_925_1,
    -0.029_837_642_882_673_52,
    0.102_739_566_253_237_67,
    -0.106_981_100_385_244_15,
    0.075_497_480_027_748_63,
    -0.039_727_501_448_109_11,
    0.015_441_595_718_558_031,
    -0.003_969_686_485_945_151,
    0.000_345_428_677_162_364_86,
    0.000_194_030_607_058_145_3,
    -7.799_558_272_658_671e-5,
    2.796_513_627_087_075e-7,
    6.986_143_022_826_086e-6,
    -1.030_587_306_405_345e-6,
    -5.738_307_397_180_724e-7,
    1.512_544_994_506_119_2e-7,
    5.173_546_292_907_578_6e-8,
    -1.659_315_935_182_317_4e-8,
    -5.052_403_885_077_3e-9,
    1.176_060_022_462_871_6e-9,
    3.700_144_377_644_161e-10,
];
const ERFCX_SCALE: f64 = 1.140_977_443_609_022_5;

/// Puts eˣ in the place of each x, within 2 ulp: 0 below −708, e⁷⁰⁹ above 709, NaN for NaN.
pub fn exp_each(xs: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was asked
            return unsafe { exp_each_avx512(xs) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked
            return unsafe { exp_each_avx2(xs) };
        }
    }
    exp_each_any(xs);
}

/// Puts eˣ² erfc(x) in the place of each x in [0, 26.6], within 10⁻¹⁵ of it.
pub fn erfcx_each(xs: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was asked
            return unsafe { erfcx_each_avx512(xs) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked
            return unsafe { erfcx_each_avx2(xs) };
        }
    }
    erfcx_each_any(xs);
}

/// The sum in [`LANES`] sums, then those in their order.
#[inline]
pub fn sum(xs: &[f64]) -> f64 {
    let (lanes, rest) = xs.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for lane in lanes {
        for (sum, x) in sums.iter_mut().zip(lane) {
            *sum += x;
        }
    }
    sums.iter().chain(rest).fold(0.0, |sum, x| sum + x)
}

/// Several sums at once, of which the whole is that of its lanes.
pub type Lanes = [f64; LANES];

/// Adds to `all` what bins with shares p and q give, of which it is told each gap q − p and each
/// s = p + q: gap · ln(q/p), s · ((1 + u) ln(1 + u) + (1 − u) ln(1 − u)) with u = gap/s,
/// gap · u/(1 + √(1 − u²)) and |gap|, and the largest |gap| last. The logarithms are polynomials of u: what
/// comes of |u| > 0.5 has no meaning. Where gap and s are 0 nothing is added.
pub fn contrasts(gaps: &[Lanes], sums: &[Lanes], all: &mut [Lanes; 5]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was asked
            return unsafe { contrasts_avx512(gaps, sums, all) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked
            return unsafe { contrasts_avx2(gaps, sums, all) };
        }
    }
    contrasts_any(gaps, sums, all);
}

/// atanh(u) − u for |u| < 0.5.
pub fn atanh_tail(u: f64) -> f64 {
    let x = u * u;
    u * x * polynomial(&TAIL, x)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn exp_each_avx512(xs: &mut [f64]) {
    exp_each_any(xs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn exp_each_avx2(xs: &mut [f64]) {
    exp_each_any(xs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn contrasts_avx512(gaps: &[Lanes], sums: &[Lanes], all: &mut [Lanes; 5]) {
    contrasts_any(gaps, sums, all);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn contrasts_avx2(gaps: &[Lanes], sums: &[Lanes], all: &mut [Lanes; 5]) {
    contrasts_any(gaps, sums, all);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn erfcx_each_avx512(xs: &mut [f64]) {
    erfcx_each_any(xs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn erfcx_each_avx2(xs: &mut [f64]) {
    erfcx_each_any(xs);
}

#[inline(always)]
fn erfcx_each_any(xs: &mut [f64]) {
    for x in xs {
        let t = (*x - 3.75) / (*x + 3.75);
        *x = polynomial(&ERFCX, (1.0 + t) * ERFCX_SCALE - 1.0) / (1.0 + 2.0 * *x);
    }
}

#[inline(always)]
fn exp_each_any(xs: &mut [f64]) {
    for x in xs {
        *x = exp(*x);
    }
}

/// Without branches and tables, so that compilers work on several at once: x = k ln 2 + r with a
/// whole k and |r| ≤ ln 2/2, and Taylor's series of eʳ, whose rest after r¹³ is below 10⁻¹⁷.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let inside = x.clamp(LOWEST, HIGHEST);
    let shifted = inside * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = inside - k * LN_2[0] - k * LN_2[1];
    let mut tail = 1.0 / 6_227_020_800.0;
    for factorial in [
        479_001_600.0,
        39_916_800.0,
        3_628_800.0,
        362_880.0,
        40_320.0,
        5_040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0,
    ] {
        tail = tail * r + 1.0 / factorial;
    }
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1_023 << 52));
    let value = (1.0 + (r + r * r * tail)) * power;
    if x < LOWEST { 0.0 } else { value }
}

#[inline(always)]
fn contrasts_any(gaps: &[Lanes], sums: &[Lanes], all: &mut [Lanes; 5]) {
    // by itself, so that it stays in registers
    let [mut nats, mut entropies, mut squares, mut distances, mut largest] = *all;
    for (gaps, sums) in gaps.iter().zip(sums) {
        // loops and not `map`, which is compiled by itself, without AVX2
        let mut us = [0.0; LANES];
        for ((u, gap), sum) in us.iter_mut().zip(gaps).zip(sums) {
            *u = gap / sum.max(f64::MIN_POSITIVE);
        }
        let [odds, entropy, part] = contrasts_of(&us);
        for ((sum, gap), odds) in nats.iter_mut().zip(gaps).zip(&odds) {
            *sum += gap * odds;
        }
        for ((sum, both), entropy) in entropies.iter_mut().zip(sums).zip(&entropy) {
            *sum += both * entropy;
        }
        for ((sum, gap), part) in squares.iter_mut().zip(gaps).zip(&part) {
            *sum += gap * part;
        }
        for ((sum, most), gap) in distances.iter_mut().zip(&mut largest).zip(gaps) {
            *sum += gap.abs();
            *most = if gap.abs() > *most { gap.abs() } else { *most };
        }
    }
    *all = [nats, entropies, squares, distances, largest];
}

/// Of each u: 2 atanh u, (1 + u) ln(1 + u) + (1 − u) ln(1 − u), and u/(1 + √(1 − u²)).
#[inline(always)]
fn contrasts_of(us: &Lanes) -> [Lanes; 3] {
    let mut squares = [0.0; LANES];
    for (x, u) in squares.iter_mut().zip(us) {
        *x = u * u;
    }
    let (mut odds, mut entropy, mut part) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for (entropy, x) in entropy.iter_mut().zip(&squares) {
        *entropy = x * polynomial(&ENTROPY, *x);
    }
    for ((odds, u), x) in odds.iter_mut().zip(us).zip(&squares) {
        *odds = 2.0 * (u + u * x * polynomial(&TAIL, *x));
    }
    for ((part, u), x) in part.iter_mut().zip(us).zip(&squares) {
        *part = u / (1.0 + (1.0 - x).max(0.0).sqrt());
    }
    [odds, entropy, part]
}

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From −1/2 to 1/2, without the ends.
    fn us() -> impl Iterator<Item = f64> {
        (-39_999..40_000).map(|step| f64::from(step) / 80_000.0)
    }

    fn of(u: f64) -> [f64; 3] {
        contrasts_of(&[0.0, u, 0.5, -1.0, 0.0, 2.0, 0.1, u]).map(|lanes| lanes[1])
    }

    #[test]
    fn contrasts_are_the_logarithms_and_roots_that_they_stand_for() {
        for u in us() {
            let [odds, entropy, part] = of(u);
            let close = |found: f64, expected: f64| {
                assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{u}: {found}");
            };
            close(odds, u.ln_1p() - (-u).ln_1p());
            // its two parts cancel where u is small
            let both = (1.0 + u) * u.ln_1p() + (1.0 - u) * (-u).ln_1p();
            assert!((entropy - both).abs() <= 3e-16, "{u}: {entropy} for {both}");
            let (p, q) = (0.5 * (1.0 - u), 0.5 * (1.0 + u));
            let root = q.sqrt() - p.sqrt();
            assert!((u * part - root * root).abs() <= 3e-16, "{u}: {part}");
        }
        assert_eq!(of(0.0), [0.0; 3]);
        assert!(of(2.0)[2].is_finite());
        for u in [1e-3, 1e-8, 1e-150] {
            assert!((of(u)[1] / (u * u) - 1.0).abs() < 2e-7, "{u}");
        }
    }

    #[test]
    fn wider_vectors_give_the_same_bits() {
        let mut xs: Vec<f64> = us().map(|u| 1_500.0 * u).chain([f64::NAN, f64::INFINITY]).collect();
        let start = xs.clone();
        let mut plain = xs.clone();
        exp_each(&mut xs);
        exp_each_any(&mut plain);
        let bits = |xs: &[f64]| xs.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&xs), bits(&plain));
        let mut tails: Vec<f64> = us().map(|u| 26.6 * (u + 0.5)).collect();
        let mut plain_tails = tails.clone();
        erfcx_each(&mut tails);
        erfcx_each_any(&mut plain_tails);
        assert_eq!(bits(&tails), bits(&plain_tails));
        // where AVX-512 was taken, the other one too
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            let mut narrow: Vec<f64> = start.clone();
            // SAFETY: the processor was asked
            unsafe { exp_each_avx2(&mut narrow) };
            assert_eq!(bits(&narrow), bits(&plain));
        }
        let us: Vec<f64> = us().collect();
        let (gaps, _) = us.as_chunks::<LANES>();
        let sums = vec![[1.0; LANES]; gaps.len()];
        type Add = dyn Fn(&[Lanes], &[Lanes], &mut [Lanes; 5]);
        let of = |add: &Add| {
            let mut all = [[0.0; LANES]; 5];
            add(gaps, &sums, &mut all);
            bits(all.as_flattened())
        };
        let plain = of(&|gaps, sums, all| contrasts_any(gaps, sums, all));
        assert_eq!(of(&|gaps, sums, all| contrasts(gaps, sums, all)), plain);
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked
            assert_eq!(of(&|gaps, sums, all| unsafe { contrasts_avx2(gaps, sums, all) }), plain);
        }
    }

    #[test]
    fn contrasts_are_added_up_by_lane() {
        let (gaps, sums) = ([[0.1; LANES], [-0.2; LANES]], [[0.5; LANES], [0.8; LANES]]);
        let mut all = [[1.0; LANES]; 5];
        contrasts(&gaps, &sums, &mut all);
        let ([odds_a, entropy_a, part_a], [odds_b, entropy_b, part_b]) = (of(0.2), of(-0.25));
        let expected = [
            1.0 + 0.1 * odds_a + -0.2 * odds_b,
            1.0 + 0.5 * entropy_a + 0.8 * entropy_b,
            1.0 + 0.1 * part_a + -0.2 * part_b,
            1.0 + 0.1 + 0.2,
            1.0,
        ];
        for (lanes, expected) in all.iter().zip(expected) {
            assert!(lanes.iter().all(|sum| (sum - expected).abs() < 1e-15), "{lanes:?} {expected}");
        }
        let mut nothing = [[0.0; LANES]; 5];
        contrasts(&[[0.0; LANES]], &[[0.0; LANES]], &mut nothing);
        assert_eq!(nothing, [[0.0; LANES]; 5]);
    }
}
