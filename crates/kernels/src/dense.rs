//! Fully connected layers: rows times packed columns.

/// Columns of a full panel.
pub const WIDE: usize = 8;
/// Columns of a narrow last panel.
pub const NARROW: usize = 4;

/// Where the columns of a panel belong.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The first column.
    pub first: usize,
    /// Columns of the result.
    pub outputs: usize,
    /// Added last, from the first column on; empty for none.
    pub bias: &'a [f32],
}

impl Place<'_> {
    #[inline(always)]
    fn store<const C: usize>(&self, sums: &[f32; C], row: &mut [f32]) {
        let columns = row.get_mut(self.first..).unwrap_or(&mut []);
        if self.bias.is_empty() {
            for (to, sum) in columns.iter_mut().zip(sums) {
                *to = *sum;
            }
        } else {
            for ((to, sum), bias) in columns.iter_mut().zip(sums).zip(self.bias) {
                *to = *sum + *bias;
            }
        }
    }
}

/// All rows of `x` `[rows, inputs]` times a panel `[inputs, WIDE]`, into columns of `out`
/// `[rows, outputs]`. Each element is summed in the order of the inputs in one accumulator.
#[inline(never)]
pub fn wide(x: &[f32], inputs: usize, panel: &[f32], place: Place<'_>, out: &mut [f32]) {
    panel_rows::<WIDE>(x, inputs, panel, place, out);
}

/// As [`wide`], for a panel `[inputs, NARROW]`.
#[inline(never)]
pub fn narrow(x: &[f32], inputs: usize, panel: &[f32], place: Place<'_>, out: &mut [f32]) {
    panel_rows::<NARROW>(x, inputs, panel, place, out);
}

/// Four rows at a time: more accumulators would not stay in registers.
#[inline(always)]
fn panel_rows<const C: usize>(
    x: &[f32],
    inputs: usize,
    panel: &[f32],
    place: Place<'_>,
    out: &mut [f32],
) {
    if inputs == 0 || place.outputs == 0 {
        return;
    }
    let (weights, _) = panel.as_chunks::<C>();
    let mut blocks = x.chunks_exact(inputs * 4);
    let mut outs = out.chunks_exact_mut(place.outputs * 4);
    for (rows, out) in blocks.by_ref().zip(outs.by_ref()) {
        let mut split = rows.chunks_exact(inputs);
        let (Some(a), Some(b), Some(c), Some(d)) =
            (split.next(), split.next(), split.next(), split.next())
        else {
            continue;
        };
        let mut sums = [[0.0; C]; 4];
        for ((((w, a), b), c), d) in weights.iter().zip(a).zip(b).zip(c).zip(d) {
            let [sa, sb, sc, sd] = &mut sums;
            multiply_add(sa, *a, w);
            multiply_add(sb, *b, w);
            multiply_add(sc, *c, w);
            multiply_add(sd, *d, w);
        }
        for (sums, row) in sums.iter().zip(out.chunks_exact_mut(place.outputs)) {
            place.store(sums, row);
        }
    }
    let rest = blocks.remainder().chunks_exact(inputs);
    for (row, out) in rest.zip(outs.into_remainder().chunks_exact_mut(place.outputs)) {
        let mut sums = [0.0; C];
        for (w, a) in weights.iter().zip(row) {
            multiply_add(&mut sums, *a, w);
        }
        place.store(&sums, out);
    }
}

#[inline(always)]
fn multiply_add<const C: usize>(sums: &mut [f32; C], a: f32, w: &[f32; C]) {
    for (sum, w) in sums.iter_mut().zip(w) {
        *sum += a * *w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_single_rows_give_the_same_bits() {
        let (inputs, outputs) = (5, 8);
        let x: Vec<f32> = (0..7 * inputs).map(|i| (i as f32).mul_add(0.37, -3.0)).collect();
        let panel: Vec<f32> = (0..inputs * WIDE).map(|i| 1.0 / (i as f32 + 1.0)).collect();
        let bias = [0.5; WIDE];
        let place = Place { first: 0, outputs, bias: &bias };
        let mut all = vec![0.0; 7 * outputs];
        wide(&x, inputs, &panel, place, &mut all);
        for (row, expected) in x.chunks(inputs).zip(all.chunks(outputs)) {
            let mut one = vec![0.0; outputs];
            wide(row, inputs, &panel, place, &mut one);
            assert_eq!(one, expected);
            let plain = row.iter().zip(panel.chunks(WIDE)).fold(0.0, |s, (a, w)| s + a * w[3]);
            assert_eq!(one[3], plain + 0.5);
        }
    }
}
