//! Checksums as the API takes them: `{SHA-256}hex`, or plain hexadecimal whose length tells the algorithm.

use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// A checksum that a file must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// How it is computed.
    pub(crate) algorithm: Algorithm,
    /// In hexadecimal, lower case.
    pub(crate) hex: String,
}

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A text that is no checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a checksum: give {{ALGORITHM}}hex with MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512, \
     or the hexadecimal digits alone"
)]
pub(crate) struct NotAChecksum(String);

impl Algorithm {
    const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name, as it stands in braces.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// A computation that has seen nothing yet.
    pub(crate) fn begin(self) -> Box<dyn DynDigest + Send + Sync> {
        match self {
            Self::Md5 => Box::new(Md5::default()),
            Self::Sha1 => Box::new(Sha1::default()),
            Self::Sha224 => Box::new(Sha224::default()),
            Self::Sha256 => Box::new(Sha256::default()),
            Self::Sha384 => Box::new(Sha384::default()),
            Self::Sha512 => Box::new(Sha512::default()),
        }
    }

    fn hex_digits(self) -> usize {
        self.begin().output_size() * 2
    }

    /// By its name, with or without the hyphen, in either case.
    fn named(name: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('-', "").to_ascii_uppercase();
        Self::ALL.into_iter().find(|algorithm| plain(algorithm.name()) == plain(name.trim()))
    }
}

impl FromStr for Checksum {
    type Err = NotAChecksum;

    fn from_str(text: &str) -> Result<Self, NotAChecksum> {
        let wrong = || NotAChecksum(text.to_owned());
        let (algorithm, hex) = if let Some(rest) = text.trim().strip_prefix('{') {
            let (name, hex) = rest.split_once('}').ok_or_else(wrong)?;
            (Algorithm::named(name).ok_or_else(wrong)?, hex.trim())
        } else {
            let hex = text.trim();
            let fits = |algorithm: &Algorithm| algorithm.hex_digits() == hex.len();
            (Algorithm::ALL.into_iter().find(fits).ok_or_else(wrong)?, hex)
        };
        if hex.len() == algorithm.hex_digits() && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self { algorithm, hex: hex.to_ascii_lowercase() })
        } else {
            Err(wrong())
        }
    }
}

/// Size and checksum of what is left of a file. Blocks.
pub(crate) fn of(file: &mut File, algorithm: Algorithm) -> io::Result<(u64, String)> {
    let (mut digest, mut size) = (algorithm.begin(), 0);
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((size, hex(&digest.finalize()))),
            read => {
                digest.update(&chunk[..read]);
                size += read as u64;
            }
        }
    }
}

/// Bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_abc(algorithm: Algorithm) -> String {
        let mut digest = algorithm.begin();
        digest.update(b"abc");
        hex(&digest.finalize())
    }

    #[test]
    fn every_algorithm_is_known_by_name_and_by_length() {
        for algorithm in Algorithm::ALL {
            let sum = Checksum { algorithm, hex: of_abc(algorithm) };
            let named = format!("{{{}}}{}", algorithm.name(), sum.hex.to_uppercase());
            assert_eq!(named.parse(), Ok(sum.clone()));
            assert_eq!(sum.hex.parse(), Ok(sum.clone()));
        }
        assert_eq!(of_abc(Algorithm::Md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(of_abc(Algorithm::Sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn names_are_taken_with_and_without_their_hyphen() {
        let hex = of_abc(Algorithm::Sha256);
        for name in ["SHA-256", "sha256", "Sha-256"] {
            let sum: Checksum = format!("{{{name}}}{hex}").parse().unwrap();
            assert_eq!(sum.algorithm, Algorithm::Sha256);
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let hex = of_abc(Algorithm::Sha256);
        let texts = ["", "abc", "{MD5}", "{SHA-256", "{CRC32}abcd1234", &format!("{{MD5}}{hex}")];
        for text in texts.into_iter().chain([hex.replace('a', "g").as_str()]) {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
    }
}
