//! Steps of an array: image to tensor.

use super::features::FeatureTensor;
use super::image::{Image, Pixels};
use super::step::{Item, Refusal, refuse};
use crate::contract::{Resampling, Step, shortest_side};
use crate::error::ErrorCode;
use crate::tensor::{Tensor, TensorData};
use std::borrow::Cow;

const UNFIT: Refusal =
    refuse(ErrorCode::WrongShape, "the array has not the shape that its steps take");

/// The steps of one feature, compiled.
#[derive(Clone, Debug)]
pub(super) struct ArrayPlan {
    steps: Vec<ArrayStep>,
    /// Elements of the result.
    elements: usize,
}

#[derive(Clone, Debug)]
enum ArrayStep {
    Resize { size: Size, method: Resampling },
    Crop { height: usize, width: usize },
    Channels(Vec<usize>),
    Normalize { divisor: f64, mean: Vec<f64>, std: Vec<f64> },
    ChannelsFirst,
}

#[derive(Clone, Copy, Debug)]
enum Size {
    Both(u32, u32),
    Shortest(u32),
}

impl ArrayPlan {
    /// Compiles the steps of a checked contract; `None` in builds without arrays.
    pub fn new(steps: &[Step], elements: usize) -> Option<Self> {
        let step = |step: &Step| match step {
            Step::Resize { height, width, shortest, method } => {
                let size = match (height, width, shortest) {
                    (Some(height), Some(width), _) => Size::Both(*height, *width),
                    (_, _, side) => Size::Shortest(side.unwrap_or(1)),
                };
                Some(ArrayStep::Resize { size, method: *method })
            }
            Step::CenterCrop { height, width } => {
                Some(ArrayStep::Crop { height: *height as usize, width: *width as usize })
            }
            Step::Channels { take } => {
                Some(ArrayStep::Channels(take.iter().map(|c| *c as usize).collect()))
            }
            Step::Normalize { divisor, mean, std } => Some(ArrayStep::Normalize {
                divisor: *divisor,
                mean: mean.clone(),
                std: std.clone(),
            }),
            Step::ChannelsFirst {} => Some(ArrayStep::ChannelsFirst),
            _ => None,
        };
        Some(Self { steps: steps.iter().filter_map(step).collect(), elements })
    }

    /// Appends the array's elements to a row of the tensor.
    pub fn run(&self, array: &Tensor, tensor: &mut FeatureTensor) -> Result<(), Refusal> {
        if self.steps.is_empty() && tensor.data.dtype() == array.dtype() {
            return if array.data().len() == self.elements && extend(&mut tensor.data, array.data())
            {
                Ok(())
            } else {
                Err(UNFIT)
            };
        }
        if let (true, TensorData::Int64(v)) = (self.steps.is_empty(), array.data()) {
            // beyond 2^53 a float is not the integer, and the tensor refuses it
            return v.iter().try_for_each(|i| tensor.push(Item::Integer(*i), &[]));
        }
        let mut image = start(array);
        for step in &self.steps {
            image = step.apply(image)?;
        }
        match image.pixels {
            Pixels::Bytes(bytes) if bytes.len() == self.elements => {
                bytes.iter().try_for_each(|i| tensor.push(Item::Integer(i64::from(*i)), &[]))
            }
            Pixels::Numbers(numbers) if numbers.len() == self.elements => {
                numbers.iter().try_for_each(|x| tensor.push(Item::Number(*x), &[]))
            }
            _ => Err(UNFIT),
        }
    }
}

/// The array as an image; fewer or more dimensions become one row of pixels.
fn start(array: &Tensor) -> Image<'_> {
    let (height, width, channels) = match array.shape() {
        [height, width, channels] => (*height, *width, *channels),
        [rest @ .., last] => (1, rest.iter().product(), *last),
        [] => (1, 1, 1),
    };
    let pixels = match array.data() {
        TensorData::Uint8(v) => Pixels::Bytes(Cow::Borrowed(v)),
        TensorData::Float64(v) => Pixels::Numbers(Cow::Borrowed(v)),
        TensorData::Float32(v) => numbers(v, |x| f64::from(*x)),
        TensorData::Int32(v) => numbers(v, |i| f64::from(*i)),
        TensorData::Int64(v) => numbers(v, |i| *i as f64),
        // no contract has arrays of other types
        _ => Pixels::Numbers(Cow::Borrowed(&[])),
    };
    Image { height, width, channels, pixels }
}

fn numbers<T>(elements: &[T], number: impl Fn(&T) -> f64) -> Pixels<'static> {
    Pixels::Numbers(elements.iter().map(number).collect())
}

fn extend(to: &mut TensorData, from: &TensorData) -> bool {
    match (to, from) {
        (TensorData::Float32(v), TensorData::Float32(w)) => v.extend_from_slice(w),
        (TensorData::Float64(v), TensorData::Float64(w)) => v.extend_from_slice(w),
        (TensorData::Int64(v), TensorData::Int64(w)) => v.extend_from_slice(w),
        (TensorData::Int32(v), TensorData::Int32(w)) => v.extend_from_slice(w),
        (TensorData::Uint8(v), TensorData::Uint8(w)) => v.extend_from_slice(w),
        _ => return false,
    }
    true
}

impl ArrayStep {
    fn apply<'a>(&self, image: Image<'a>) -> Result<Image<'a>, Refusal> {
        match self {
            Self::Resize { size, method } => {
                if image.height == 0 || image.width == 0 {
                    return Err(UNFIT);
                }
                let (height, width) = match *size {
                    Size::Both(height, width) => (height, width),
                    Size::Shortest(side) => {
                        let side_of = |n: usize| u32::try_from(n).map_err(|_| UNFIT);
                        shortest_side(side_of(image.height)?, side_of(image.width)?, side)
                    }
                };
                let elements = u64::from(height) * u64::from(width) * image.channels as u64;
                if elements > crate::limits::MAX_LIST_LENGTH as u64 {
                    return Err(refuse(
                        ErrorCode::WrongShape,
                        "the image is too long for its width to be resized by the shorter side",
                    ));
                }
                Ok(image.resized(height as usize, width as usize, *method))
            }
            Self::Crop { height, width } => {
                let (Some(above), Some(left)) =
                    (image.height.checked_sub(*height), image.width.checked_sub(*width))
                else {
                    return Err(refuse(
                        ErrorCode::WrongShape,
                        "the image is smaller than what is cut out of it",
                    ));
                };
                let (top, left) = (half_to_even(above), half_to_even(left));
                let channels = image.channels;
                let picked = (top..top + height).flat_map(|y| {
                    let first = (y * image.width + left) * channels;
                    first..first + width * channels
                });
                let pixels = pick(&image.pixels, picked);
                Ok(Image { height: *height, width: *width, channels, pixels })
            }
            Self::Channels(take) => {
                let count = image.height * image.width;
                let picked = (0..count)
                    .flat_map(|pixel| take.iter().map(move |c| pixel * image.channels + c));
                let pixels = pick(&image.pixels, picked);
                Ok(Image { channels: take.len(), pixels, ..image })
            }
            Self::Normalize { divisor, mean, std } => {
                let of = |list: &[f64], channel: usize, none: f64| {
                    list.get(channel).or(list.first()).copied().unwrap_or(none)
                };
                let norm = |(n, x): (usize, f64)| {
                    let channel = n % image.channels.max(1);
                    (x / divisor - of(mean, channel, 0.0)) / of(std, channel, 1.0)
                };
                let numbers = match &image.pixels {
                    Pixels::Bytes(v) => {
                        v.iter().map(|i| f64::from(*i)).enumerate().map(norm).collect()
                    }
                    Pixels::Numbers(v) => v.iter().copied().enumerate().map(norm).collect(),
                };
                Ok(Image { pixels: Pixels::Numbers(numbers), ..image })
            }
            Self::ChannelsFirst => {
                let (count, channels) = (image.height * image.width, image.channels);
                let picked =
                    (0..channels).flat_map(|c| (0..count).map(move |pixel| pixel * channels + c));
                Ok(Image { pixels: pick(&image.pixels, picked), ..image })
            }
        }
    }
}

/// Half of the number; of an odd one the even neighbour, as Python's `round`.
fn half_to_even(n: usize) -> usize {
    let half = n / 2;
    if n % 2 == 1 { half + half % 2 } else { half }
}

fn pick(pixels: &Pixels<'_>, at: impl Iterator<Item = usize>) -> Pixels<'static> {
    match pixels {
        Pixels::Bytes(v) => Pixels::Bytes(at.filter_map(|n| v.get(n).copied()).collect()),
        Pixels::Numbers(v) => Pixels::Numbers(at.filter_map(|n| v.get(n).copied()).collect()),
    }
}
