//! A contract in the words of others: JSON Schema, TypeScript, a data sheet for people.

mod html;
mod json_schema;
mod markdown;
mod sheet;
mod typescript;

pub use html::{escape, html};
pub use json_schema::json_schema;
pub use markdown::markdown;
pub use sheet::{Section, Sheet};
pub use typescript::typescript;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON Schema of a record, draft 2020-12
    JsonSchema,
    /// TypeScript types of a record and of the labels
    Typescript,
    /// Data sheet for people
    Markdown,
    /// Data sheet as one page without scripts
    Html,
}
