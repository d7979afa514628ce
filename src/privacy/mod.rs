//! What makes counts safe to leave: randomized response, noise, and how the collector sees through
//! them. docs/privacy.md has the threat model and the arithmetic.

pub mod accountant;
mod budget;
pub mod debias;
mod krr;
mod laplace;
mod random;
#[cfg(test)]
mod tests;

pub use budget::{Epsilon, Shares, leaves};
pub use krr::respond;
pub use laplace::{Scale, noise};
pub use random::{Draw, Random};
