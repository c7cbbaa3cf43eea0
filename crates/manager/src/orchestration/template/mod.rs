//! Templates: registering them, making them from volumes, and deleting them.

pub mod create;
pub mod delete;
pub mod extract;
mod origin;
pub mod register;

pub use create::{CreateRequest, create};
pub use delete::delete;
pub use extract::extract;
pub use hostler_wire::TemplateOrigin;
pub use register::{RegisterRequest, register};

use hostler_model::TemplateId;

use crate::jobs::StepContext;

fn template_of(cx: &StepContext) -> TemplateId {
    TemplateId::new(cx.job.subject)
}
