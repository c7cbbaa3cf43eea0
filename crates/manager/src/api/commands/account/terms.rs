//! What is said of an account beside what it may do: its DNS domain, and details that other systems keep of it.

use std::collections::BTreeMap;

use hostler_model::AccountId;
use hostler_store::Tx;
use hostler_store::account::{account_add_details, account_set_network_domain};

use crate::api::call::Call;
use crate::api::failure::Failure;

/// What a request says; what it does not say stays.
#[derive(Debug, Clone, Default)]
pub(in crate::api::commands) struct Terms {
    /// A DNS domain; an empty one: it has none of its own.
    network_domain: Option<String>,
    details: BTreeMap<String, String>,
}

impl Terms {
    /// Reads `networkdomain` and `accountdetails`.
    ///
    /// # Errors
    /// 431: what is no DNS domain.
    pub(in crate::api::commands) fn read(
        call: Call<'_>,
        network_domain: Option<String>,
        details: Option<BTreeMap<String, String>>,
    ) -> Result<Self, Failure> {
        let said = network_domain.is_some();
        let network_domain = call.dns_domain("networkdomain", network_domain)?;
        let network_domain = said.then(|| network_domain.unwrap_or_default());
        Ok(Self { network_domain, details: details.unwrap_or_default() })
    }

    /// Records it, and says what the account was given, for people.
    ///
    /// # Errors
    /// That of the database.
    pub(in crate::api::commands) fn record(
        &self,
        tx: &Tx<'_>,
        id: AccountId,
    ) -> Result<Vec<String>, Failure> {
        let mut told = Vec::new();
        if let Some(domain) = &self.network_domain {
            let domain = Some(domain.as_str()).filter(|domain| !domain.is_empty());
            account_set_network_domain(tx, id, domain)?;
            told.push(format!("DNS domain {}", domain.unwrap_or("of its domain")));
        }
        if !self.details.is_empty() {
            account_add_details(tx, id, &self.details)?;
            told.push(format!("details {}", self.details.len()));
        }
        Ok(told)
    }
}
