//! Frames as JSON, for logs and for people. Secrets are masked.
//!
//! Not here: reading JSON. What is shown cannot be sent.

use serde_json::{Value, json};

use crate::Flags;
use crate::codec::Frame;

/// A frame as JSON: its envelope, and its message by name. Secrets show as `***`.
pub fn frame(frame: &Frame) -> Value {
    json!({
        "sequence": frame.sequence,
        "flags": flags(frame.flags),
        "manager": frame.manager,
        "host": frame.host,
        "via": frame.via,
        // Every type in a message has a form in JSON; a map with keys that are no text would not.
        "message": serde_json::to_value(&frame.message).unwrap_or_else(|e| json!({ "error": e.to_string() })),
    })
}

/// The names of the bits that are set; those that nobody knows as one number.
fn flags(flags: Flags) -> Vec<String> {
    const NAMES: [(Flags, &str); 5] = [
        (Flags::REQUEST, "request"),
        (Flags::STOP_ON_ERROR, "stop-on-error"),
        (Flags::IN_SEQUENCE, "in-sequence"),
        (Flags::FROM_MANAGER, "from-manager"),
        (Flags::CONTROL, "control"),
    ];
    let mut rest = flags.0;
    let mut names = Vec::new();
    for (bit, name) in NAMES {
        if flags.contains(bit) {
            rest &= !bit.0;
            names.push(name.to_owned());
        }
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names
}
