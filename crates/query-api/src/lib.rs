//! The HTTP query API as data: declarations of commands, parameters, signatures, answers, errors.
//!
//! Pure: bytes and clock readings come in, values go out. A server binds it to HTTP, a client signs
//! with it, and tests hold both against it.
//!
//! Not here: sockets, sessions, who owns what, and what any command does.

pub mod dates;
pub mod declare;
pub mod encoding;
pub mod envelope;
pub mod error;
pub mod groups;
pub mod kinds;
pub mod list_apis;
pub mod paging;
pub mod params;
pub mod roles;
pub mod shape;
pub mod signature;
mod xml;

pub use declare::{ApiCommand, CommandDecl, CommandKind, ParamDecl, ParamType};
pub use envelope::{Answer, Format, JobAnswer, JobStatus};
pub use error::{ApiError, ErrorClass, FOR_ADMINISTRATORS, Status};
pub use groups::Owners;
pub use kinds::{EndDate, FirstMap, IdOrAll, MergedMap, Records};
pub use paging::Paging;
pub use params::Params;
pub use roles::{RoleType, Roles};
pub use shape::{FieldDecl, ShapeDecl};
