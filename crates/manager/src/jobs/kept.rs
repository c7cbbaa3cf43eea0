//! What a job's steps know of the record, kept in memory so that the next step does not read it again.
//!
//! It only spares reading. The first step after a restart, a lost race or a failure finds nothing here and reads
//! for itself; and every write still says which version of a row it has seen, so that nothing old can win.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// A place for one value. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl Kept {
    /// Keeps `value` in place of what was kept before.
    pub fn keep<T: Send + 'static>(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(value));
    }

    /// What was kept, if it is a `T`. Nothing is kept after that.
    pub fn take<T: 'static>(&self) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        kept.downcast().ok().map(|value| *value)
    }

    /// Keeps nothing any more.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_once() {
        let kept = Kept::default();
        kept.clone().keep(7u8);
        assert_eq!(kept.take::<u8>(), Some(7));
        assert_eq!(kept.take::<u8>(), None);
    }

    #[test]
    fn what_is_forgotten_or_of_another_type_is_not_there() {
        let kept = Kept::default();
        kept.keep(7u8);
        assert_eq!(kept.take::<u16>(), None);
        kept.keep(7u8);
        kept.forget();
        assert_eq!(kept.take::<u8>(), None);
    }
}
