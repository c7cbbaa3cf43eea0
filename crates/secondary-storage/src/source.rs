//! The URL of a download: which kinds there are, and how it is shown.

use std::path::PathBuf;

use reqwest::Url;

/// Where a template comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file of the image worker's own machine.
    File(PathBuf),
    /// A web server.
    Web(Url),
}

/// A URL that cannot be downloaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUrl {
    /// Not a URL at all. It is not repeated: there is no telling what of it is secret.
    #[error(
        "the template's URL is not one: {0}; give for instance https://example.org/debian.qcow2"
    )]
    NotAUrl(String),
    /// Of a kind that is not handled.
    #[error("cannot download {url}: {scheme}:// is not supported; use http, https or file")]
    Scheme {
        /// The URL, masked.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// `file://host/…`.
    #[error(
        "cannot read {url}: a file URL names a file of the image worker, as in file:///srv/debian.qcow2"
    )]
    FileHost {
        /// The URL, masked.
        url: String,
    },
}

impl Source {
    /// Reads a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, BadUrl> {
        let url = Url::parse(text.trim()).map_err(|why| BadUrl::NotAUrl(why.to_string()))?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Web(url)),
            "file" => url
                .to_file_path()
                .map(Self::File)
                .map_err(|()| BadUrl::FileHost { url: masked(&url) }),
            scheme => Err(BadUrl::Scheme { url: masked(&url), scheme: scheme.to_owned() }),
        }
    }

    /// For a person to read: without what may be secret.
    pub(crate) fn masked(&self) -> String {
        match self {
            Self::File(path) => format!("file://{}", path.display()),
            Self::Web(url) => masked(url),
        }
    }
}

/// A URL for a person to read: user, password and query may be secret and are left out.
pub(crate) fn masked(url: &Url) -> String {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // Fails only for URLs that cannot have a user, and those have none.
        let _ = url.set_password(None);
        let _ = url.set_username("***");
    }
    if url.query().is_some() {
        url.set_query(Some("***"));
    }
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_url_is_shown() {
        let url = Url::parse("https://me:secret@example.org/a.qcow2?token=secret#secret").unwrap();
        assert_eq!(masked(&url), "https://***@example.org/a.qcow2?***");
        let plain = Url::parse("http://example.org/a.qcow2").unwrap();
        assert_eq!(masked(&plain), "http://example.org/a.qcow2");
    }

    #[test]
    fn http_https_and_file_are_the_kinds_of_url() {
        assert!(matches!(Source::parse("https://e.org/a"), Ok(Source::Web(_))));
        assert_eq!(Source::parse("file:///srv/a b"), Ok(Source::File("/srv/a b".into())));
        for text in ["ftp://e.org/a", "nfs://e.org/a", "/srv/a", "", "http://", "file://host/a"] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_url_is_not_repeated() {
        let error = Source::parse("https://user:secret@:99999/").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
