//! Ids that an administrator chooses for new things, so that another system knows them before there is anything.

use hostler_store::reference::{Entity, reference_known};
use hostler_store::{Scope, Tx};
use uuid::Uuid;

use crate::error::ServiceError;

/// Refuses an id that a thing of this kind has, or ever had.
///
/// # Errors
/// [`ServiceError`] names the parameter.
pub(crate) fn must_be_free(
    tx: &Tx<'_>,
    param: &str,
    entity: Entity,
    id: Option<Uuid>,
) -> Result<(), ServiceError> {
    match id {
        Some(id) if reference_known(tx, entity, id, &Scope::All)? => Err(ServiceError::parameter(
            format!("parameter {param}: {id} is, or was, another one's id; choose a new one"),
        )),
        _ => Ok(()),
    }
}
