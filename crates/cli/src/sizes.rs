//! How large a file is on disk and on the wire.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::fmt;
use std::io::Write;

/// Bytes as they are, and as a server sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Uncompressed.
    pub bytes: usize,
    /// gzip, level 9.
    pub gzip: usize,
    /// Brotli, quality 9: what a server can afford to compress on the fly.
    pub brotli: usize,
}

impl Sizes {
    /// Compresses to see.
    pub fn of(bytes: &[u8]) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // writing to memory cannot fail
        let gzip = gzip.write_all(bytes).and_then(|()| gzip.finish()).map_or(0, |v| v.len());
        let mut brotli = Vec::new();
        {
            let mut encoder = brotli::CompressorWriter::new(&mut brotli, 1 << 16, 9, 22);
            let _ = encoder.write_all(bytes);
        }
        Self { bytes: bytes.len(), gzip, brotli: brotli.len() }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes, gzip {}, brotli {}",
            thousands(self.bytes),
            thousands(self.gzip),
            thousands(self.brotli)
        )
    }
}

/// A number with commas between groups of three digits.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_codecs() {
        let sizes = Sizes::of(&[b'a'; 100_000]);
        assert_eq!(sizes.bytes, 100_000);
        assert!(sizes.gzip > 20 && sizes.gzip < 300, "{sizes}");
        assert!(sizes.brotli > 5 && sizes.brotli < sizes.gzip, "{sizes}");
    }

    #[test]
    fn groups_of_three() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
