//! How a directory is asked, as the settings say: where people are in it, and what its attributes are called.

use std::path::PathBuf;

use hostler_wire::Secret;

use super::{LdapError, Question, Within};
use crate::settings::{
    LDAP_BASE, LDAP_BIND_PASSWORD, LDAP_BIND_PRINCIPAL, LDAP_EMAIL, LDAP_FIRST_NAME,
    LDAP_GROUP_MEMBER, LDAP_GROUP_OBJECT, LDAP_LAST_NAME, LDAP_NESTED, LDAP_PAGE_SIZE,
    LDAP_PROVIDER, LDAP_REQUIRED_GROUP, LDAP_STARTTLS, LDAP_TRUST, LDAP_USER_NAME,
    LDAP_USER_OBJECT, Setting, Settings,
};

/// How groups say who is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// A group names its members.
    OpenLdap,
    /// A person names their groups, and with `nested` those that these are in.
    ActiveDirectory { nested: bool },
}

/// The settings of directories, as they are at one moment.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) provider: Provider,
    pub(super) base: String,
    /// As whom is searched; empty: as nobody.
    pub(super) principal: String,
    pub(super) password: Secret,
    pub(super) user_object: String,
    pub(super) user_name: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) group_object: String,
    pub(super) group_member: String,
    /// The group that everybody has to be in.
    pub(super) required_group: Option<String>,
    pub(super) page_size: i32,
    pub(super) starttls: bool,
    /// Certificates that servers' are checked against; nothing: the system's.
    pub(super) trust: Option<PathBuf>,
}

impl Terms {
    /// What the settings say.
    pub(super) fn read(settings: &Settings) -> Self {
        let is_ad = settings.text(&LDAP_PROVIDER) == "microsoftad";
        // Active Directory has other words for what nobody has named
        let word = |setting: &Setting, there: &str| {
            let text = settings.text(setting);
            if is_ad && text == setting.default { there.to_owned() } else { text }
        };
        let filled = |setting| Some(settings.text(setting)).filter(|text| !text.trim().is_empty());
        let provider = if is_ad {
            Provider::ActiveDirectory { nested: settings.flag(&LDAP_NESTED) }
        } else {
            Provider::OpenLdap
        };
        Self {
            provider,
            base: settings.text(&LDAP_BASE),
            principal: settings.text(&LDAP_BIND_PRINCIPAL),
            password: Secret::new(settings.text(&LDAP_BIND_PASSWORD)),
            user_object: word(&LDAP_USER_OBJECT, "user"),
            user_name: word(&LDAP_USER_NAME, "sAMAccountName"),
            email: settings.text(&LDAP_EMAIL),
            first_name: settings.text(&LDAP_FIRST_NAME),
            last_name: settings.text(&LDAP_LAST_NAME),
            group_object: word(&LDAP_GROUP_OBJECT, "group"),
            group_member: settings.text(&LDAP_GROUP_MEMBER),
            required_group: filled(&LDAP_REQUIRED_GROUP),
            page_size: i32::try_from(settings.number(&LDAP_PAGE_SIZE)).unwrap_or(i32::MAX),
            starttls: settings.flag(&LDAP_STARTTLS),
            trust: filled(&LDAP_TRUST).map(PathBuf::from),
        }
    }

    /// Refuses to ask while a setting is missing that the question needs. A principal without a password would be nobody
    /// to the directory, and find less than there is.
    pub(super) fn check(&self, question: &Question) -> Result<(), LdapError> {
        let in_unit = matches!(
            question,
            Question::LogIn(.., Within::Unit(_)) | Question::Find(_, Within::Unit(_))
        );
        if self.base.trim().is_empty() && !in_unit {
            return Err(LdapError::Unset(LDAP_BASE.name));
        }
        if !self.principal.is_empty() && self.password.reveal().is_empty() {
            return Err(LdapError::Unset(LDAP_BIND_PASSWORD.name));
        }
        Ok(())
    }

    /// The attributes of a person that are asked for: no more than is kept.
    pub(super) fn attributes(&self) -> [&str; 4] {
        [&self.user_name, &self.email, &self.first_name, &self.last_name]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_directory_has_other_words_unless_somebody_has_chosen_some() {
        let settings = Settings::default();
        assert_eq!(Terms::read(&settings).user_name, "uid");
        settings.set("ldap.provider", "microsoftad").unwrap();
        let terms = Terms::read(&settings);
        let words = [terms.user_name, terms.user_object, terms.group_object];
        assert_eq!(words, ["sAMAccountName", "user", "group"]);
        settings.set("ldap.username.attribute", "userPrincipalName").unwrap();
        assert_eq!(Terms::read(&settings).user_name, "userPrincipalName");
    }

    #[test]
    fn nobody_searches_as_a_principal_without_a_password() {
        let settings = Settings::default();
        settings.set("ldap.bind.principal", "cn=reader").unwrap();
        settings.set("ldap.basedn", "dc=example").unwrap();
        let error = Terms::read(&settings).check(&Question::All(None));
        assert_eq!(error, Err(LdapError::Unset("ldap.bind.password")));
    }
}
