//! The HTTP query API: parses and authorises, then reads, or asks a service.
//!
//! Not here: what services do (`orchestration`), how the API looks as data (`hostler-query-api`).

mod auth;
mod authority;
pub mod bootstrap;
mod call;
mod commands;
mod dispatch;
mod dns_domain;
mod done;
pub mod failure;
pub mod http;
pub mod metrics;
mod objects;
mod owner;
pub mod password;
mod people;
mod permission;
mod project_names;
mod sessions;
mod timezone;
