//! Placeholder until the real context is merged.
#![allow(missing_docs)]
use hostler_model::*;
use hostler_store::Store;

#[derive(Debug, Clone)]
pub struct Context {
    pub store: Store,
    pub settings: crate::settings::Settings,
}

impl Context {
    pub fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }
}

#[derive(Debug, Clone)]
pub struct Caller {
    pub user: UserId,
    pub account: AccountId,
    pub domain: DomainId,
    pub role: AccountType,
    pub request: String,
}
