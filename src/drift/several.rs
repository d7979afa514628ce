//! Many tests at once.

/// P-values adjusted by Benjamini and Hochberg (1995), in the order given: a feature is reported at
/// a false discovery rate of q if its adjusted p-value is at most q. `None` is no test and stays.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(at, p)| p.map(|p| (at, p))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let tests = order.len();
    let mut adjusted = vec![None; p_values.len()];
    let mut least: f64 = 1.0;
    for (above, (at, p)) in order.into_iter().enumerate() {
        least = least.min(p * tests as f64 / (tests - above) as f64);
        if let Some(slot) = adjusted.get_mut(at) {
            *slot = Some(least);
        }
    }
    adjusted
}
