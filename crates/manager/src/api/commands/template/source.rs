//! What is checked of where a template or an ISO comes from.

use crate::api::call::Call;
use crate::api::failure::Failure;

/// Bytes that a link to a file is drawn from.
pub(in crate::api::commands) const TOKEN: usize = 32;

/// The machine architecture that was named, or `x86_64`.
pub(super) fn arch_of(call: Call<'_>, arch: Option<String>) -> Result<String, Failure> {
    let arch = arch.unwrap_or_else(|| "x86_64".to_owned());
    match arch.as_str() {
        "x86_64" | "aarch64" => Ok(arch),
        _ => Err(call.wrong("arch", &arch, "x86_64 or aarch64")),
    }
}

/// Whether a checksum, if there is one, can be one.
pub(in crate::api::commands) fn check_checksum(
    call: Call<'_>,
    checksum: Option<&str>,
) -> Result<(), Failure> {
    let expected = "hex of MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512, with or without {algorithm} before it";
    match checksum.filter(|sum| !is_checksum(sum)) {
        Some(sum) => Err(call.wrong("checksum", sum, expected)),
        None => Ok(()),
    }
}

/// Hex of a length that a known algorithm gives, with the algorithm in braces before it or not.
fn is_checksum(text: &str) -> bool {
    let hex = text.split_once('}').map_or(text, |(_, hex)| hex);
    let algorithm =
        text.split_once('}').map(|(name, _)| name.to_ascii_uppercase().replace('-', ""));
    let length = match algorithm.as_deref() {
        None => None,
        Some("{MD5") => Some(32),
        Some("{SHA1" | "{SHA") => Some(40),
        Some("{SHA256") => Some(64),
        Some("{SHA224") => Some(56),
        Some("{SHA384") => Some(96),
        Some("{SHA512") => Some(128),
        Some(_) => return false,
    };
    let right =
        length.map_or([32, 40, 56, 64, 96, 128].contains(&hex.len()), |length| length == hex.len());
    right && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::is_checksum;

    #[test]
    fn a_checksum_is_hex_as_long_as_its_algorithm_says() {
        let (md5, sha256) = ("0".repeat(32), "a".repeat(64));
        assert!(is_checksum(&md5) && is_checksum(&sha256));
        assert!(
            is_checksum(&format!("{{SHA-256}}{sha256}")) && is_checksum(&format!("{{md5}}{md5}"))
        );
        let (swapped, odd) = (format!("{{MD5}}{sha256}"), format!("{{CRC}}{md5}"));
        for text in ["", "12", "zz", &swapped, &odd, &"g".repeat(32)] {
            assert!(!is_checksum(text), "{text}");
        }
    }
}
