//! Which tensors share memory: one slot for tensors that are never alive together.

use super::args::Home;
use super::format::{Origin, Plan};
use super::types::{Dim, element_bytes};

/// Homes of all tensors, and the size of each slot.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) homes: Vec<Home>,
    pub(super) slots: Vec<SlotSize>,
}

/// Bytes that a slot needs: `fixed`, and `per_row` for each row of the call, whichever is more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotSize {
    pub(super) fixed: usize,
    pub(super) per_row: usize,
}

impl SlotSize {
    pub(super) const fn at(self, batch: usize) -> usize {
        let rows = self.per_row.saturating_mul(batch);
        if rows > self.fixed { rows } else { self.fixed }
    }

    fn cover(&mut self, other: Self) {
        self.fixed = self.fixed.max(other.fixed);
        self.per_row = self.per_row.max(other.per_row);
    }

    /// How much the slot would have to grow, for rows first.
    const fn growth(self, need: Self) -> (usize, usize) {
        (need.per_row.saturating_sub(self.per_row), need.fixed.saturating_sub(self.fixed))
    }
}

const FOREVER: usize = usize::MAX;

impl Layout {
    /// Places every tensor: inputs and outputs of the plan keep their own slots, the others take
    /// the free slot that has to grow least.
    pub fn new(plan: &Plan) -> Self {
        let last_use = last_uses(plan);
        // constants first: their home must never be taken for a slot that falls free
        let homes = plan.tensors.iter().map(|entry| match entry.origin {
            Origin::Constant(block) => Home::Constant(block as usize),
            _ => Home::Slot(usize::MAX),
        });
        let mut layout = Self { homes: homes.collect(), slots: Vec::new() };
        let mut free: Vec<usize> = Vec::new();
        for port in &plan.inputs {
            layout.place(plan, port.tensor, &mut Vec::new());
        }
        for (i, placed) in plan.steps.iter().enumerate() {
            for tensor in &placed.outputs {
                layout.place(plan, *tensor, &mut free);
            }
            for tensor in placed.inputs.iter().chain(&placed.outputs) {
                let root = plan.root(*tensor) as usize;
                let ends = last_use.get(root) == Some(&i);
                if let (true, Some(Home::Slot(slot))) = (ends, layout.homes.get(root))
                    && !free.contains(slot)
                {
                    free.push(*slot);
                }
            }
        }
        for (i, entry) in plan.tensors.iter().enumerate() {
            let home = match entry.origin {
                Origin::Alias(to) => match layout.homes.get(to as usize) {
                    Some(home) => *home,
                    None => continue,
                },
                Origin::Computed | Origin::Constant(_) => continue,
            };
            if let Some(place) = layout.homes.get_mut(i) {
                *place = home;
            }
        }
        layout
    }

    fn place(&mut self, plan: &Plan, tensor: u32, free: &mut Vec<usize>) {
        let need = plan.ty(tensor).map_or(SlotSize::default(), |ty| {
            let bytes = element_bytes(ty.dtype);
            match ty.shape.count() {
                Ok(Dim::Fixed(n)) => SlotSize { fixed: n as usize * bytes, per_row: 0 },
                Ok(Dim::Batch(k)) => SlotSize { fixed: 0, per_row: k as usize * bytes },
                Err(_) => SlotSize::default(),
            }
        });
        let best = free
            .iter()
            .enumerate()
            .min_by_key(|(_, slot)| self.slots.get(**slot).map(|size| size.growth(need)))
            .map(|(i, _)| i);
        let slot = match best {
            Some(i) => free.swap_remove(i),
            None => {
                self.slots.push(SlotSize::default());
                self.slots.len() - 1
            }
        };
        if let Some(size) = self.slots.get_mut(slot) {
            size.cover(need);
        }
        if let Some(home) = self.homes.get_mut(tensor as usize) {
            *home = Home::Slot(slot);
        }
    }
}

/// Index of the last step that reads each tensor; its writer if none does.
fn last_uses(plan: &Plan) -> Vec<usize> {
    let mut last = vec![0; plan.tensors.len()];
    let mut set = |tensor: u32, step: usize| {
        if let Some(place) = last.get_mut(plan.root(tensor) as usize) {
            *place = (*place).max(step);
        }
    };
    for (i, placed) in plan.steps.iter().enumerate() {
        for tensor in placed.inputs.iter().chain(&placed.outputs) {
            set(*tensor, i);
        }
    }
    for port in plan.inputs.iter().chain(&plan.outputs) {
        set(port.tensor, FOREVER);
    }
    last
}
