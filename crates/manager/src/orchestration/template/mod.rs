//! Templates: registering and deleting them.

pub mod delete;
pub mod register;

pub use delete::delete;
pub use register::{RegisterRequest, register};

use hostler_model::TemplateId;

use crate::jobs::StepContext;

fn template_of(cx: &StepContext) -> TemplateId {
    TemplateId::new(cx.job.subject)
}
