//! Templates: registering them, making them from volumes, and deleting them.

pub mod create;
pub mod delete;
pub mod extract;
mod origin;
pub mod register;

pub use create::{CreateRequest, create};
pub use delete::delete;
pub use extract::extract;
pub(in crate::orchestration) use extract::file_name;
pub use hostler_wire::TemplateOrigin;
pub(in crate::orchestration) use origin::Origin;
pub use register::{RegisterRequest, register};
pub(in crate::orchestration) use register::{check_source, worker_of};

use hostler_model::TemplateId;

use crate::jobs::StepContext;

fn template_of(cx: &StepContext) -> TemplateId {
    TemplateId::new(cx.job.subject)
}
