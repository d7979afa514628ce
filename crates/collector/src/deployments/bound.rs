//! Evidence against an error rate that may be looked at as often as one likes.

/// Rates that are betted on, from half way to 1 down to 2⁻¹² of the way.
const BETS: i32 = 12;

/// An e-value against "at most a share `most` of the answers is wrong", `most` in (0, 1).
///
/// The mean of likelihood ratios of higher rates over `most`. Each is a supermartingale as long as the
/// claim holds, so that over all looks together the chance that this ever reaches 1/α is at most α
/// (Ville's inequality).
pub fn evidence(wrong: u64, answers: u64, most: f64) -> f64 {
    let (wrong, right) = (wrong as f64, answers.saturating_sub(wrong) as f64);
    let bet = |nth: i32| {
        let rate = most + (1.0 - most) * 0.5f64.powi(nth);
        let ratio = wrong * (rate / most).ln() + right * ((1.0 - rate) / (1.0 - most)).ln();
        ratio.min(700.0).exp()
    };
    (1..=BETS).map(bet).sum::<f64>() / f64::from(BETS)
}

/// The largest share of wrong answers that the evidence speaks against with confidence `1 − alpha`; it
/// is below the true one at all times at once with at least that chance.
pub fn lower_bound(wrong: u64, answers: u64, alpha: f64) -> f64 {
    if answers == 0 || wrong == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, wrong as f64 / answers as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if middle > 0.0 && evidence(wrong, answers, middle) >= 1.0 / alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64, so that the simulation is the same everywhere.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = self.0;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// Share of runs in which the evidence against `most` ever reaches 1/α within so many answers.
    fn alarms(rate: f64, most: f64, alpha: f64, answers: u64, runs: u64) -> f64 {
        let mut random = Random(17);
        let mut found = 0;
        for _ in 0..runs {
            let mut wrong = 0;
            for n in 1..=answers {
                wrong += u64::from(random.next() < rate);
                if n % 10 == 0 && evidence(wrong, n, most) >= 1.0 / alpha {
                    found += 1;
                    break;
                }
            }
        }
        found as f64 / runs as f64
    }

    #[test]
    fn looking_two_hundred_times_raises_no_more_false_alarms_than_promised() {
        let null = alarms(0.05, 0.05, 0.05, 2_000, 400);
        let power = alarms(0.10, 0.05, 0.05, 2_000, 100);
        println!("false alarms at 5%: {null}; found at 10%: {power}");
        // three standard errors above 0.05
        assert!(null <= 0.05 + 3.0 * (0.05f64 * 0.95 / 400.0).sqrt(), "{null}");
        assert!(power > 0.9, "{power}");
    }

    #[test]
    fn the_bound_lies_below_the_share_and_rises_with_the_answers() {
        let bounds: Vec<f64> = [100, 1_000, 10_000].map(|n| lower_bound(n / 10, n, 0.001)).to_vec();
        assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{bounds:?}");
        assert!(bounds[0] > 0.0 && bounds[2] < 0.1 && bounds[2] > 0.08, "{bounds:?}");
        assert_eq!(lower_bound(0, 100, 0.001), 0.0);
        assert_eq!(lower_bound(0, 0, 0.001), 0.0);
        assert!(lower_bound(100, 100, 0.001) > 0.8);
    }
}
