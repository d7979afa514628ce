//! The graph that an ensemble's nodes form: no rings, nothing left over, chains as sets.

use super::ensemble::{Branch, Child, Ensemble, Mode};
use crate::node::Node;
use driftline::error::Result;
use std::collections::BTreeSet;

impl Child {
    fn node(self) -> Option<usize> {
        match self {
            Self::Node(i) => Some(i),
            Self::Leaf(_) => None,
        }
    }

    fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Node(a), Self::Node(b)) | (Self::Leaf(a), Self::Leaf(b)) => a == b,
            _ => false,
        }
    }
}

fn children(branch: &Branch) -> impl Iterator<Item = usize> {
    [branch.yes, branch.no].into_iter().filter_map(Child::node)
}

impl Ensemble {
    /// How many branches lead to each node.
    fn parents(&self) -> Vec<u32> {
        let mut parents = vec![0; self.branches.len()];
        for i in self.branches.iter().flat_map(children) {
            if let Some(count) = parents.get_mut(i) {
                *count += 1;
            }
        }
        parents
    }

    /// Every node is reached from a root, and none from itself. Some exporters let branches share a
    /// subtree; that is copied when the nodes are placed.
    pub(super) fn check_acyclic(&self, node: Node<'_>) -> Result<()> {
        let mut parents = self.parents();
        let mut ready: Vec<usize> =
            (0..parents.len()).filter(|i| parents.get(*i) == Some(&0)).collect();
        let roots: BTreeSet<usize> = self.roots.iter().filter_map(|root| root.node()).collect();
        if ready.iter().any(|i| !roots.contains(i)) {
            return Err(node.invalid("a tree's node is reached from no root"));
        }
        let mut done = 0;
        while let Some(i) = ready.pop() {
            done += 1;
            for child in self.branches.get(i).into_iter().flat_map(children) {
                if let Some(count) = parents.get_mut(child) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        if done == self.branches.len() {
            Ok(())
        } else {
            Err(node.invalid("a tree's nodes form a ring"))
        }
    }

    /// Chains of equalities on one feature that lead to one place become a set: exporters write a
    /// categorical split so.
    pub(super) fn merge_chains(&mut self) {
        let parents = self.parents();
        let mut gone = vec![false; self.branches.len()];
        for i in 0..self.branches.len() {
            let Some(first) = self.branches.get(i).copied() else { continue };
            if first.mode != Mode::Eq || gone.get(i) == Some(&true) {
                continue;
            }
            let mut set = vec![first.value];
            let mut last = first.no;
            while let Some(j) = last.node()
                && let Some(next) = self.branches.get(j)
                && parents.get(j) == Some(&1)
                && next.mode == Mode::Eq
                && next.feature == first.feature
                && next.missing == first.missing
                && next.yes.is_same(first.yes)
                && !next.value.is_nan()
            {
                set.push(next.value);
                last = next.no;
                if let Some(gone) = gone.get_mut(j) {
                    *gone = true;
                }
            }
            if set.len() > 1
                && let Some(branch) = self.branches.get_mut(i)
            {
                branch.mode = Mode::Member(self.sets.len());
                branch.no = last;
                self.sets.push(set);
            }
        }
        self.drop_branches(&gone);
    }

    /// Removes branches that nothing leads to any more, and renumbers the rest.
    fn drop_branches(&mut self, gone: &[bool]) {
        let mut index = Vec::with_capacity(gone.len());
        let mut next = 0;
        for gone in gone {
            index.push(next);
            next += usize::from(!gone);
        }
        let follow = |child: Child| match child {
            Child::Node(i) => Child::Node(index.get(i).copied().unwrap_or(i)),
            leaf => leaf,
        };
        let kept = self.branches.iter().zip(gone).filter(|(_, gone)| !**gone);
        self.branches =
            kept.map(|(b, _)| Branch { yes: follow(b.yes), no: follow(b.no), ..*b }).collect();
        for root in &mut self.roots {
            *root = follow(*root);
        }
    }
}
