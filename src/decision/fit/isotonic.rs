//! Isotonic regression.

/// The rising step function of least squared error (pool adjacent violators, Ayer et al. 1955) as
/// alternating scores and probabilities, two points a step, one where it is a single score. Rows
/// of equal score are one point. Empty without rows.
pub fn isotonic(scores: &[f64], truths: &[bool]) -> Vec<f64> {
    let mut rows: Vec<(f64, f64)> =
        scores.iter().zip(truths).map(|(p, t)| (*p, f64::from(u8::from(*t)))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut blocks: Vec<Block> = Vec::new();
    for (score, truth) in rows {
        match blocks.last_mut() {
            Some(last) if last.last == score && last.first == score => last.add(truth),
            _ => blocks.push(Block { first: score, last: score, sum: truth, rows: 1.0 }),
        }
    }
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        let mut block = block;
        while let Some(before) = pooled.pop_if(|before| before.mean() >= block.mean()) {
            block = Block {
                first: before.first,
                last: block.last,
                sum: before.sum + block.sum,
                rows: before.rows + block.rows,
            };
        }
        pooled.push(block);
    }
    let mut points = Vec::with_capacity(4 * pooled.len());
    for block in &pooled {
        points.extend([block.first, block.mean()]);
        if block.last > block.first {
            points.extend([block.last, block.mean()]);
        }
    }
    points
}

struct Block {
    first: f64,
    last: f64,
    sum: f64,
    rows: f64,
}

impl Block {
    fn add(&mut self, truth: f64) {
        self.sum += truth;
        self.rows += 1.0;
    }

    fn mean(&self) -> f64 {
        self.sum / self.rows
    }
}
