//! The manager's database: schema, migrations, and one module per table. The only SQL there is.
//!
//! A function here does one thing to one table and takes its caller's transaction, so that a caller can
//! write what belongs together in one. No network call is made inside one.
//!
//! Not here: decisions, life cycles (`hostler-model` has their tables), what the API shows.

mod columns;
mod connection;
mod error;
mod migrate;

pub mod event;
pub mod host;
pub mod installation;
pub mod place;
pub mod storage_pool;

pub use connection::{Counters, Store, Tx};
pub use error::StoreError;
