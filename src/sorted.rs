//! Sorting with one copy of its code: the standard library's sorts take up to 5 KB of WebAssembly
//! for each type and order that they are used with.

use std::cmp::Ordering;

/// Sorts in place in O(n log n); elements that compare equal end up in any order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    heap_sort(items.len(), &mut Items { items, compare });
}

/// Sorts in place in O(n log n).
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// What the sort needs to do with the elements, by their places.
trait Places {
    fn less(&self, a: usize, b: usize) -> bool;
    fn swap(&mut self, a: usize, b: usize);
}

struct Items<'a, T, F> {
    items: &'a mut [T],
    compare: F,
}

impl<T, F: Fn(&T, &T) -> Ordering> Places for Items<'_, T, F> {
    fn less(&self, a: usize, b: usize) -> bool {
        match (self.items.get(a), self.items.get(b)) {
            (Some(a), Some(b)) => (self.compare)(a, b) == Ordering::Less,
            _ => false,
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        if a.max(b) < self.items.len() {
            self.items.swap(a, b);
        }
    }
}

/// Heap sort: no memory of its own, and no order of the input makes it slow.
fn heap_sort(length: usize, places: &mut dyn Places) {
    let (mut start, mut end) = (length / 2, length);
    while end > 1 {
        if start > 0 {
            start -= 1;
        } else {
            end -= 1;
            places.swap(0, end);
        }
        let mut root = start;
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                break;
            }
            if child + 1 < end && places.less(child, child + 1) {
                child += 1;
            }
            if !places.less(root, child) {
                break;
            }
            places.swap(root, child);
            root = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(mut items: Vec<u8>) {
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items);
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn sorts_by_any_order(mut items: Vec<f64>) {
            let mut expected = items.clone();
            expected.sort_unstable_by(|a, b| b.total_cmp(a));
            sort_by(&mut items, |a, b| b.total_cmp(a));
            prop_assert!(items.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
}
