//! Accounts: disabling one stops its VMs, deleting one expunges all that it has.

mod delete;
mod disable;

pub use delete::{DeleteAccount, delete};
pub use disable::{DisableAccount, disable};

use hostler_model::AccountId;
use hostler_store::account::{AccountRow, account_get};
use hostler_store::event::NewEvent;

use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::StepContext;

async fn account(app: &Context, id: AccountId) -> Result<AccountRow, ServiceError> {
    Ok(app.store.read(move |tx| account_get(tx, id)).await?)
}

fn account_of(cx: &StepContext) -> AccountId {
    AccountId::new(cx.job.subject)
}

fn step_event(
    cx: &StepContext,
    kind: &'static str,
    level: &'static str,
    description: String,
) -> NewEvent {
    cx.event(kind, level, ("Account", cx.job.subject), description)
}
