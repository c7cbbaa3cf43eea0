//! The `Range` of a question (RFC 9110, section 14.2): one range of bytes; more than one, or another unit, is
//! answered with the whole.

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything.
    All,
    /// Some of it; never empty.
    Part {
        /// The first byte.
        first: u64,
        /// How many.
        length: u64,
    },
    /// A part that there is not.
    Nothing,
}

/// What a `Range` asks of a file of `size` bytes.
pub(super) fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let part = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = part else { return Wanted::All };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => cut(first, last, size),
        (Some(first), None) if last.is_empty() => cut(first, u64::MAX, size),
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(suffix)) if first.is_empty() => {
            cut(size.saturating_sub(suffix), u64::MAX, size)
        }
        _ => Wanted::All,
    }
}

fn cut(first: u64, last: u64, size: u64) -> Wanted {
    if first >= size {
        return Wanted::Nothing;
    }
    Wanted::Part { first, length: last.min(size - 1) - first + 1 }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_of_a_range_gives_its_part() {
        let cases = [
            ("bytes=0-", Wanted::Part { first: 0, length: 10 }),
            ("bytes=4-", Wanted::Part { first: 4, length: 6 }),
            ("bytes=4-5", Wanted::Part { first: 4, length: 2 }),
            ("bytes=4-99", Wanted::Part { first: 4, length: 6 }),
            ("bytes=-3", Wanted::Part { first: 7, length: 3 }),
            ("bytes=-99", Wanted::Part { first: 0, length: 10 }),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=+1-", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("", Wanted::All),
        ];
        for (range, part) in cases {
            assert_eq!(wanted(Some(range), 10), part, "{range}");
        }
        assert_eq!(wanted(None, 10), Wanted::All);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
    }

    proptest! {
        #[test]
        fn no_part_reaches_beyond_the_file(range in "bytes=[0-9]{0,20}-[0-9]{0,20}", size: u64) {
            if let Wanted::Part { first, length } = wanted(Some(&range), size) {
                prop_assert!(length > 0 && first.checked_add(length).is_some_and(|end| end <= size));
            }
        }
    }
}
