//! An error with its causes, in words.

use std::error::Error;

/// An error and its causes, in one line, as logs, events and answers have it. A cause that its effect says already is
/// not said again.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Fault {
        #[error("cannot read {file}")]
        Read { file: &'static str, source: Box<Fault> },
        #[error("{0}")]
        Says(String, #[source] Box<Fault>),
        #[error("permission denied")]
        Denied,
    }

    #[test]
    fn an_error_is_said_with_its_causes_each_once() {
        let read = Fault::Read { file: "key.pem", source: Box::new(Fault::Denied) };
        assert_eq!(error_chain(&read), "cannot read key.pem: permission denied");
        let says = Fault::Says("tls: cannot read key.pem".to_owned(), Box::new(read));
        assert_eq!(error_chain(&says), "tls: cannot read key.pem: permission denied");
    }
}
