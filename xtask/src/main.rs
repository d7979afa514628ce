//! Set-up, build, test and demo of this repository.
fn main() {}
