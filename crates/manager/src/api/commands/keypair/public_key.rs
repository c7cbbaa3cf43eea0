//! Reading public SSH keys, in the form of `authorized_keys`. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

/// Kinds of keys that OpenSSH takes.
const KINDS: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A public key in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// Kind, base64 and comment, with single spaces.
    pub(crate) line: String,
    /// MD5 as sixteen pairs of hexadecimal digits with `:` between, as `ssh-keygen -l -E md5` shows it. A name, not a
    /// proof: clients of CloudStack compute it themselves and compare.
    pub(crate) fingerprint: String,
}

/// Reads a key.
///
/// # Errors
/// What would have been right.
pub(crate) fn parse(text: &str) -> Result<PublicKey, &'static str> {
    const EXPECTED: &str = "one line like \"ssh-ed25519 AAAA... comment\"";
    let mut words = text.split_whitespace();
    let (Some(kind), Some(body)) = (words.next(), words.next()) else { return Err(EXPECTED) };
    if text.trim().lines().count() != 1 || !KINDS.contains(&kind) {
        return Err(EXPECTED);
    }
    let bytes = STANDARD.decode(body).map_err(|_| EXPECTED)?;
    // the key begins with its kind: four bytes of length, then the name
    let name = bytes.get(4..4 + kind.len()).ok_or(EXPECTED)?;
    let length = u32::try_from(kind.len()).map_err(|_| EXPECTED)?;
    if bytes.get(..4) != Some(&length.to_be_bytes()[..]) || name != kind.as_bytes() {
        return Err(EXPECTED);
    }
    if bytes.len() < kind.len() + 4 + 4 + 32 {
        return Err(EXPECTED);
    }
    let comment: Vec<&str> = words.collect();
    let line = [&[kind, body][..], &comment].concat().join(" ");
    let pairs: Vec<_> = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(PublicKey { line, fingerprint: pairs.join(":") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E me@here";

    #[test]
    fn a_key_is_known_by_its_fingerprint() {
        let key = parse(&format!("  {KEY}\n")).unwrap();
        assert_eq!(key.line, KEY);
        assert_eq!(key.fingerprint, "fd:a2:01:b1:26:8a:72:d2:36:6f:cb:8d:c1:79:7f:d4");
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let two_lines = format!("{KEY}\n{KEY}");
        let wrong_kind = KEY.replace("ssh-ed25519", "ssh-rsa");
        for text in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 !!!",
            "ssh-ed25519 AAAA",
            "-----BEGIN",
            &two_lines,
            &wrong_kind,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
