//! Reading a VM's user data, which comes in base64.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::settings::USER_DATA_MAX;

/// Most characters by GET: longer ones do not pass every proxy.
const MOST_BY_GET: usize = 4096;
/// Most characters by POST.
const MOST_BY_POST: usize = 1 << 20;

/// The text that a caller has sent in parameter `userdata`, as long as its account may send one.
pub(super) fn sent(call: Call<'_>, given: Option<String>) -> Result<Option<String>, Failure> {
    let sender = ("Account", call.identity.user.account.uuid());
    let most = call.context.settings.number_at(&USER_DATA_MAX, sender);
    given.map(|sent| decode(&sent, call.by_post, most)).transpose().map_err(Failure::invalid)
}

/// The text that was sent. `most` is the setting `vm.userdata.max.length`.
///
/// # Errors
/// What is wrong, beginning with the parameter's name.
pub(crate) fn decode(sent: &str, by_post: bool, most: u64) -> Result<String, String> {
    let limit = if by_post { MOST_BY_POST } else { MOST_BY_GET };
    let limit = limit.min(usize::try_from(most).unwrap_or(usize::MAX));
    let sent = if sent.contains('%') {
        hostler_query_api::encoding::decode(sent)
    } else {
        sent.to_owned()
    };
    let packed: String = sent.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.len() > limit {
        let hint = if by_post { "" } else { "; POST takes more" };
        return Err(format!(
            "userdata: User data has {} characters in base64, at most {limit} are taken{hint}",
            packed.len()
        ));
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet =
        if packed.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, config)
        .decode(packed)
        .map_err(|_| "userdata: User data is not base64 encoded.".to_owned())?;
    String::from_utf8(bytes)
        .map_err(|_| "userdata: User data has to be text; compressed data is not taken".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_with_and_without_padding_and_once_more_encoded() {
        for sent in ["I2Nsb3VkLWNvbmZpZw==", "I2Nsb3VkLWNvbmZpZw", "I2Nsb3VkLWNvbmZpZw%3D%3D"] {
            assert_eq!(decode(sent, false, 32_768).as_deref(), Ok("#cloud-config"), "{sent}");
        }
        assert_eq!(decode("w7_Dvw", true, 32_768).as_deref(), Ok("ÿÿ"));
    }

    #[test]
    fn what_is_not_base64_or_too_long_is_refused() {
        assert!(decode("!!", true, 32_768).unwrap_err().contains("not base64 encoded."));
        let long = "A".repeat(4100);
        assert!(decode(&long, false, 32_768).unwrap_err().contains("POST takes more"));
        assert!(decode(&long, true, 32_768).is_ok());
        assert!(decode(&long, true, 100).is_err());
    }
}
