//! Memory that is aligned to 16 bytes, and typed views of it.

use crate::tensor::DType;
use bytemuck::Pod;

/// Unit of aligned memory.
pub type Block = u128;

/// Bytes of one [`Block`].
pub const BLOCK: usize = 16;

const _: () = assert!(align_of::<Block>() == BLOCK && size_of::<Block>() == BLOCK);

/// Bytes whose first one is aligned to 16.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlignedBytes {
    blocks: Vec<Block>,
    len: usize,
}

impl AlignedBytes {
    /// A copy of `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut blocks = vec![0; bytes.len().div_ceil(BLOCK)];
        if let Some(to) = bytemuck::cast_slice_mut(&mut blocks).get_mut(..bytes.len()) {
            to.copy_from_slice(bytes);
        }
        Self { blocks, len: bytes.len() }
    }

    /// The blocks; the last may hold padding.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        bytemuck::cast_slice(&self.blocks).get(..self.len).unwrap_or(&[])
    }
}

/// What an element is held as: text as `u32` symbols, bool as `u8` 0 or 1.
pub trait Element: Pod + PartialEq {
    /// Whether a tensor of `dtype` is held as this.
    fn holds(dtype: DType) -> bool;
}

macro_rules! elements {
    ($($t:ty: $($dtype:ident)|+;)*) => {$(
        impl Element for $t {
            fn holds(dtype: DType) -> bool {
                matches!(dtype, $(DType::$dtype)|+)
            }
        }
    )*};
}

elements! {
    f32: Float32;
    f64: Float64;
    i64: Int64;
    i32: Int32;
    i16: Int16;
    i8: Int8;
    u64: Uint64;
    u32: Uint32 | String;
    u16: Uint16;
    u8: Uint8 | Bool;
}

/// The first `len` elements; none if there are fewer.
pub fn view<T: Pod>(blocks: &[Block], len: usize) -> &[T] {
    bytemuck::try_cast_slice(blocks).ok().and_then(|s: &[T]| s.get(..len)).unwrap_or(&[])
}

/// As [`view`], to change.
pub fn view_mut<T: Pod>(blocks: &mut [Block], len: usize) -> &mut [T] {
    bytemuck::try_cast_slice_mut(blocks)
        .ok()
        .and_then(|s: &mut [T]| s.get_mut(..len))
        .unwrap_or(&mut [])
}
