//! Percent encoding, in the two forms that query strings and signatures use.
//!
//! Not here: anything about names or meaning of parameters.

/// Encodes UTF-8 with `%XX`, leaving `A–Z a–z 0–9 - _ . *`: what CloudStack signs over.
pub fn encode(text: &str) -> String {
    encode_but(text, "")
}

/// The same but also leaving the ASCII characters of `kept` alone, as some clients do.
pub fn encode_but(text: &str, kept: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-_.*".contains(&byte)
            || kept.as_bytes().contains(&byte)
        {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Decodes `%XX` and `+`. What is no valid escape stays as it is; bytes that are no UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = (byte == b'%').then(|| Some((hex(bytes.get(at + 1))?, hex(bytes.get(at + 2))?)));
        match (byte, pair.flatten()) {
            (_, Some((high, low))) => {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            (b'+', None) => out.push(b' '),
            (other, None) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    let digit = char::from(*byte?).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// The `name=value` pairs of a query string or form body, decoded, in order. A piece without `=` is dropped.
pub fn pairs(encoded: &str) -> impl Iterator<Item = (String, String)> {
    encoded
        .split('&')
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
}
