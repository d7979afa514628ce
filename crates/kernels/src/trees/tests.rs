use super::*;

/// A generator of numbers below `most`; the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % most as u64) as usize
    }
}

struct Grown {
    nodes: Vec<[u32; 3]>,
    roots: Vec<i32>,
    depths: Vec<u32>,
    leaves: u32,
}

impl Grown {
    /// A tree that grows by splitting leaves: the last one for a chain, else any.
    fn grow(&mut self, splits: usize, chain: bool, features: usize, draw: &mut Draw) {
        let root = self.nodes.len();
        self.roots.push(root as i32);
        self.nodes.push([0; 3]);
        let (mut open, mut deepest) = (vec![(root, 0)], 0);
        for _ in 0..splits {
            let pick = if chain { open.len() - 1 } else { draw.below(open.len()) };
            let (at, depth) = open.remove(pick);
            let first = self.nodes.len();
            let word =
                (draw.below(features) * 4) as u32 | if draw.below(2) == 0 { 0 } else { NAN_RIGHT };
            let threshold = draw.below(7) as f32 - 3.0;
            self.nodes[at] = [threshold.to_bits(), word, first as u32 * NODE_BYTES];
            self.nodes.extend([[0; 3]; 2]);
            open.extend([(first, depth + 1), (first + 1, depth + 1)]);
            deepest = deepest.max(depth + 1);
        }
        for (at, _) in open {
            self.nodes[at] = [LEAF | self.leaves, 0, at as u32 * NODE_BYTES];
            self.leaves += 1;
        }
        self.depths.push(deepest);
    }

    /// The plain walk: one row, one tree, one step after the other.
    fn plain(&self, row: &[f32], weights: &Weights<'_>) -> Vec<f64> {
        let mut sums = vec![NO_SCORE; weights.targets];
        for root in &self.roots {
            let mut at = *root as usize;
            loop {
                let [bits, word, child] = self.nodes[at];
                let child = (child / NODE_BYTES) as usize;
                if child == at {
                    weights.add(&mut sums, bits & !LEAF);
                    break;
                }
                let v = row[(word & FEATURE) as usize / 4];
                let nan = v.is_nan() && word & NAN_RIGHT != 0;
                at = child + usize::from(v > f32::from_bits(bits) || nan);
            }
        }
        sums
    }
}

#[test]
fn blocks_rows_and_plain_walks_give_the_same_bits() {
    let mut draw = Draw(7);
    for (features, with_nan) in [(1, false), (3, true), (11, false), (300, true)] {
        let none = Grown { nodes: vec![], roots: vec![], depths: vec![], leaves: 0 };
        let mut forest = none;
        // a single leaf, few leaves, just as many as a word has bits, one more, many, and chains
        for (splits, chain) in
            [(0, false), (5, false), (31, false), (32, false), (200, false), (40, true), (31, true)]
        {
            forest.grow(splits, chain, features, &mut draw);
        }
        let targets = 2;
        let singles: Vec<f32> = (0..forest.leaves * 2).map(|i| 0.1 * i as f32 - 3.0).collect();
        let ids: Vec<i32> = (0..forest.leaves).map(|i| (i % 2) as i32).collect();
        let rows = 29;
        let x: Vec<f32> = (0..rows * features)
            .map(|_| match draw.below(9) {
                0 if with_nan => f32::NAN,
                1 => f32::INFINITY,
                v => v as f32 - 4.5,
            })
            .collect();
        for (leaves, ids) in [(Leaves::Rows, &[][..]), (Leaves::Single, &ids[..])] {
            let weights = Weights {
                leaves,
                aggregate: Aggregate::Sum,
                targets,
                offsets: &[],
                ids,
                singles: &singles,
                doubles: &[],
            };
            let expected: Vec<u64> = x
                .chunks(features)
                .flat_map(|row| forest.plain(row, &weights))
                .map(f64::to_bits)
                .collect();
            for walk in [Walk::Lanes, Walk::Early] {
                let masks = Masks::new();
                let (nodes, roots, depths) = (&forest.nodes, &forest.roots, &forest.depths);
                // SAFETY: `grow` appends children behind their parents and counts the depths
                let walker = unsafe { Forest::new(nodes, roots, depths, features, &masks) };
                let mut out = vec![0.0; rows * targets];
                walker.run(&x, walk, &weights, &mut out);
                let found: Vec<u64> = out.iter().map(|y| y.to_bits()).collect();
                assert_eq!(found, expected, "{features} features, {leaves:?}, {walk:?}");
            }
        }
    }
}
