//! Signatures, held against values computed by another program (Python's `hmac` and hand-made encoding).
#![allow(clippy::unwrap_used)]

use hostler_query_api::encoding;
use hostler_query_api::params::Params;
use hostler_query_api::signature::{Canon, Signed, sign, signed_query};
use jiff::Timestamp;
use proptest::prelude::*;

const ODD: &[(&str, &str)] = &[
    ("command", "deployVirtualMachine"),
    ("apiKey", "k"),
    ("displayname", "a b~c*(d)!'/:@,[é]+"),
    ("details[0].cpuNumber", "2"),
    ("Zone", "Z"),
];

fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

fn accepts(pairs: &[(&str, &str)], secret: &str) -> bool {
    let params: Params = pairs.iter().copied().collect();
    Signed::read(&params, now()).is_ok_and(|signed| signed.verify(&params, secret).is_ok())
}

#[test]
fn the_documented_example_of_cloudstack_has_its_documented_signature() {
    let params = [
        ("command", "listUsers"),
        ("response", "json"),
        (
            "apiKey",
            "plgWJfZK4gyS3mOMTVmjUVg-X-jlWlnfaUJ9GAbBbf9EdM-kAYMmAiLqzzq1ElZLYq_u38zCm0bewzGUdP66mg",
        ),
    ];
    let secret =
        "VDaACYb0LV9eNjTetIOElcVQkvJck_J_QljX_FcHRj87ZKiy0z0ty0ZsYBkoXkY9b7eq1EhwJaw7FF3akA3KBQ";
    assert_eq!(sign(params, secret), "TTpdDq/7j/J58XCRHomKoQXEQds=");
}

#[test]
fn the_canonical_string_is_sorted_by_raw_name_encoded_and_lower_case() {
    assert_eq!(
        Canon::CLOUDSTACK.string(ODD.iter().copied()),
        "zone=z&apikey=k&command=deployvirtualmachine&details[0].cpunumber=2\
         &displayname=a%20b%7ec*%28d%29%21%27%2f%3a%40%2c%5b%c3%a9%5d%2b"
    );
}

#[test]
fn every_form_that_clients_send_is_accepted() {
    let signatures = [
        "eiigy/b0FLz1I1+AKHFC7fCYvMY=", // CloudStack's
        "VJs7AdNywg/lwyD+cM3dYFHRaAc=", // names sorted in lower case
        "8ad6PK65bSChbpO+x2oFt1mAvFM=", // ~ left alone
        "L9AQzFLf7SFn3BSnpTeFTuuBjdU=", // both
        "ax0rNTgo4WwtQOTGC9Mhuoj48Ls=", // made by libcloud 3.9.1
    ];
    for signature in signatures {
        let signed = [ODD, &[("signature", signature)]].concat();
        assert!(accepts(&signed, "s"), "{signature}");
        assert!(!accepts(&signed, "t"), "{signature} with another secret");
    }
}

#[test]
fn a_changed_value_or_an_unreadable_signature_is_refused() {
    let right = ("signature", "eiigy/b0FLz1I1+AKHFC7fCYvMY=");
    assert!(!accepts(&[ODD, &[right, ("name", "new")]].concat(), "s"));
    assert!(!accepts(&[ODD, &[("signature", "%%%")]].concat(), "s"));
    assert!(!accepts(&[ODD, &[("signature", "")]].concat(), "s"));
    assert!(!accepts(ODD, "s"));
}

#[test]
fn with_signature_version_3_the_request_must_not_have_expired() {
    let with = |extra: &[(&str, &str)]| {
        let pairs = [&[("apikey", "k"), ("signature", "x")], extra].concat();
        Signed::read(&pairs.into_iter().collect::<Params>(), now()).is_ok()
    };
    let version = ("signatureVersion", "3");
    for later in [
        "2026-11-21T09:00:01Z",
        "2026-11-21T10:00:01+01:00",
        "2026-11-21T09:00:01+0000",
        "2026-11-21T09:00:01.123456+0000",
    ] {
        assert!(with(&[version, ("expires", later)]), "{later}");
    }
    for bad in ["2026-11-21T09:00:00Z", "2026-11-21T08:59:59+0000", "tomorrow", ""] {
        assert!(!with(&[version, ("expires", bad)]), "{bad}");
    }
    assert!(!with(&[version]));
    assert!(with(&[("signatureVersion", "2")]));
    assert!(with(&[("expires", "2001-01-01T00:00:00Z")]));
}

proptest! {
    #[test]
    fn what_the_client_signs_the_server_accepts(
        pairs in proptest::collection::btree_map("[a-zA-Z]{1,8}", ".*", 0..8),
        secret in ".{1,40}",
    ) {
        let pairs: Vec<_> = pairs.iter()
            .filter(|(name, _)| !["apikey", "signature", "expires", "signatureversion"]
                .contains(&name.to_lowercase().as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain([("apiKey", "k")])
            .collect();
        let params = Params::parse(&signed_query(&pairs, &secret), "").unwrap();
        prop_assert!(Signed::read(&params, now()).unwrap().verify(&params, &secret).is_ok());
    }

    #[test]
    fn encoding_is_undone_by_decoding(text in ".*") {
        prop_assert_eq!(encoding::decode(&encoding::encode(&text)), text);
    }

    #[test]
    fn no_query_makes_the_reader_panic(query in ".*", body in "[%&=a-f0-9+\\[\\].]*") {
        if let Ok(params) = Params::parse(&query, &body) {
            let _ = params.check();
            let _ = params.records("a");
            let _ = Signed::read(&params, now()).map(|signed| signed.verify(&params, "s"));
        }
    }
}
