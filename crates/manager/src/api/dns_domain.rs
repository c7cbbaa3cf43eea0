//! DNS domains in requests.

use super::call::Call;
use super::failure::Failure;

impl Call<'_> {
    /// A DNS domain as RFC 1123 has it; blank is none.
    ///
    /// # Errors
    /// 431 names the parameter, and says what would be one.
    pub(crate) fn dns_domain(
        &self,
        param: &str,
        text: Option<String>,
    ) -> Result<Option<String>, Failure> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        if !is_dns_domain(&text) {
            let expected = "a DNS domain such as shop.example: letters, digits and hyphens, at most 63 between full \
                stops, no hyphen beside a full stop or at an end";
            return Err(self.wrong(param, &text, expected));
        }
        Ok(Some(text))
    }
}

fn is_dns_domain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_domain_is_labels_of_letters_digits_and_hyphens() {
        for right in ["shop", "shop.example", "3com.example", "a-b.c1.example"] {
            assert!(is_dns_domain(right), "{right}");
        }
        let (long, many) = ("a".repeat(64), "ab.".repeat(84) + "cd");
        for wrong in ["", ".", "a..b", "a.", "-a.b", "a-.b", "a_b", "a b", &long, &many] {
            assert!(!is_dns_domain(wrong), "{wrong}");
        }
    }
}
