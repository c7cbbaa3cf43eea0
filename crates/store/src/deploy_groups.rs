//! The groups and the user data that a deployment names, as a part of the one read of `deploy`.

use hostler_model::{AffinityGroupId, SecurityGroupId, UserDataId, UserDataPolicy};
use serde::{Deserialize, Deserializer, Serialize};

/// What a deployment names, by id or by name, of what its account has.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NamedGroups {
    /// Security groups by id.
    pub security_ids: Vec<SecurityGroupId>,
    /// Security groups by name.
    pub security_names: Vec<String>,
    /// Affinity groups by id.
    pub affinity_ids: Vec<AffinityGroupId>,
    /// Affinity groups by name.
    pub affinity_names: Vec<String>,
    /// Registered user data.
    pub user_data: Option<UserDataId>,
}

/// What was found of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FoundGroups {
    /// The security groups that were named, and the default one if there is one.
    pub security: Vec<(SecurityGroupId, String)>,
    /// The affinity groups that were named.
    pub affinity: Vec<(AffinityGroupId, String)>,
    /// Every availability zone that there is in the zone.
    #[serde(default)]
    pub availability_zones: Vec<String>,
    /// The user data that was named.
    pub user_data: Option<NamedUserData>,
    /// The user data that the template brings along.
    pub of_template: Option<NamedUserData>,
}

/// Registered user data.
#[derive(Debug, Clone, Deserialize)]
pub struct NamedUserData {
    /// Its id.
    pub id: UserDataId,
    /// What the guest does, decoded.
    pub content: String,
    /// The names that it wants values for, comma separated.
    pub params: String,
    /// Of a template's: whether those who deploy may bring their own.
    #[serde(default, deserialize_with = "policy")]
    pub policy: Option<UserDataPolicy>,
}

fn policy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UserDataPolicy>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

impl NamedGroups {
    /// Whether security groups are named.
    pub fn has_security(&self) -> bool {
        !self.security_ids.is_empty() || !self.security_names.is_empty()
    }
}

/// A [`FoundGroups`] in JSON. `?1` is the zone, `?5` the account, `?8` a [`NamedGroups`] in JSON; `t` is the template.
pub(crate) const GROUPS: &str = "json_object(
    'security', json((SELECT json_group_array(json_array(id, name)) FROM security_group
        WHERE account = ?5 AND (name = 'default'
            OR id IN (SELECT value FROM json_each(?8, '$.security_ids'))
            OR name IN (SELECT value FROM json_each(?8, '$.security_names'))))),
    'affinity', json((SELECT json_group_array(json_array(id, name)) FROM affinity_group
        WHERE account = ?5 AND (id IN (SELECT value FROM json_each(?8, '$.affinity_ids'))
            OR name IN (SELECT value FROM json_each(?8, '$.affinity_names'))))),
    'availability_zones', json((SELECT json_group_array(DISTINCT availability_zone) FROM host_aggregate
        WHERE zone = ?1 AND availability_zone IS NOT NULL)),
    'user_data', json((SELECT json_object('id', id, 'content', content, 'params', params) FROM user_data
        WHERE account = ?5 AND id = ?8 ->> 'user_data')),
    'of_template', json((SELECT json_object('id', u.id, 'content', u.content, 'params', u.params,
        'policy', t.user_data_policy) FROM user_data u WHERE u.id = t.user_data)))";
