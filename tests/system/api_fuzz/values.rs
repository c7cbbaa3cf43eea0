//! Values for parameters: plausible, at the edge, and hostile; all drawn from one seed.

use std::collections::BTreeMap;

use serde_json::Value;

/// Random numbers that a seed repeats (`SplitMix64`).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Most ids of one kind that are remembered.
const MOST_IDS: usize = 40;

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "5",
    "-1",
    "-2",
    "22",
    "500",
    "501",
    "1024",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e9",
    "1e400",
    "NaN",
    "-inf",
    "0x10",
    "1.5",
    " 7 ",
    "+3",
    "١٢",
    "99999999999999999999999999999999",
    "",
];

/// What parameters of some commands want to hear.
const WORDS: &[&str] = &[
    "Advanced",
    "Basic",
    "Enabled",
    "Disabled",
    "KVM",
    "VMware",
    "QCOW2",
    "ISO",
    "all",
    "self",
    "featured",
    "executable",
    "community",
    "UserVm",
    "Template",
    "Volume",
    "tcp",
    "udp",
    "icmp",
    "all",
    "10.1.0.77",
    "10.1.0.0/24",
    "0.0.0.0/0",
    "255.255.255.0",
    "255.0.255.0",
    "999.1.1.1",
    "::1",
    "fe80::/10",
    "allow",
    "deny",
    "host anti-affinity",
    "host affinity",
    "local",
    "shared",
    "Routing",
    "x86_64",
    "aarch64",
    "Linux",
    "Running",
    "Stopped",
    "ROOT",
    "DATADISK",
    "admin",
    "user",
    "fuzz",
    "z1",
    "tiny",
    "web-1",
    "Guest",
    "User",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hz1V1kGk0dHJ1c3Rub29uZWF0YWxsZXZlcmV2ZXI0 x",
    "I2Nsb3VkLWNvbmZpZwo=",
];

const HOSTILE: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "\u{1f}",
    "\r\n",
    "'; DROP TABLE vm; --",
    "\" OR 1=1 --",
    "<a>&b;</a>",
    "]]>",
    "<!DOCTYPE x [",
    "%",
    "%00",
    "%zz",
    "../../../../etc/passwd",
    "$(reboot)",
    "`id`",
    "{}",
    "[",
    "]",
    "[0].",
    "null",
    "true",
    "\\u0000",
    "\\",
    "\u{202e}abc",
    "\u{feff}",
    "\u{10ffff}",
    "\u{fffe}",
    "e\u{301}\u{301}\u{301}",
    "💣",
    "ä ö ü ß",
    "=",
    "&",
    "a=b&c=d",
    "-",
    "--help",
    "*",
    "%s%n%d",
    "1970-01-01",
    "9999-12-31T23:59:59+0000",
    "-9999-01-01",
    "2026-02-30",
    "soon",
    "2026-01-31 10:00:00",
    "2026-01-31T10:00:00+9999",
];

/// Addresses that lead nowhere: whatever is asked for must not leave this machine.
const ADDRESSES: &[&str] = &[
    "http://127.0.0.1:1/x.qcow2",
    "https://127.0.0.1:1/",
    "ftp://127.0.0.1/",
    "file:///etc/shadow",
    "http://",
    "http://[",
    "http://127.0.0.1:99999/x",
    "gopher:x",
    "http://user:secret@127.0.0.1:1/x.iso",
    "",
];

/// Where values come from.
#[derive(Default)]
pub(super) struct Values {
    /// Ids of things that were seen, by the key under which answers show them.
    ids: BTreeMap<String, Vec<String>>,
    spared: Vec<String>,
}

impl Values {
    /// Never sends these ids.
    pub(super) fn spare(&mut self, ids: impl Iterator<Item = String>) {
        self.spared.extend(ids);
    }

    /// Remembers ids that an answer shows, so that later requests name things that are there.
    pub(super) fn learn(&mut self, command: &str, body: &str) {
        let Ok(json) = serde_json::from_str::<Value>(body) else { return };
        for (_, inner) in json.as_object().into_iter().flatten() {
            // the first answer of an asynchronous command has the id and no key
            if let (Some(id), Some(_)) = (inner["id"].as_str(), inner.get("jobid")) {
                self.keep(&noun(command), id);
            }
            for (key, value) in inner.as_object().into_iter().flatten() {
                let rows = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                for id in rows.iter().rev().take(3).filter_map(|row| row["id"].as_str()) {
                    self.keep(key, id);
                }
            }
        }
    }

    fn keep(&mut self, key: &str, id: &str) {
        let ids = self.ids.entry(key.to_owned()).or_default();
        if ids.iter().chain(&self.spared).any(|known| known == id) {
            return;
        }
        if ids.len() == MOST_IDS {
            ids.remove(0);
        }
        ids.push(id.to_owned());
    }

    /// The id of something that was seen: mostly of what the parameter seems to name.
    fn seen(&self, name: &str, random: &mut Random) -> String {
        let kind = name.strip_suffix("ids").or(name.strip_suffix("id")).unwrap_or(name);
        let fitting = self.ids.get(kind).filter(|_| random.below(10) > 0);
        let any = || {
            let at = self.ids.len().checked_sub(1)?;
            self.ids.values().nth(random.below(at + 1))
        };
        match fitting.or_else(any).filter(|ids| !ids.is_empty()) {
            Some(ids) => ids[random.below(ids.len())].clone(),
            None => "01a1fd8c-171d-706a-9b0a-a61be30db24e".to_owned(),
        }
    }

    /// What is sent for one parameter; of a map it may be several pairs.
    pub(super) fn of(
        &self,
        command: &str,
        param: &Value,
        random: &mut Random,
    ) -> Vec<(String, String)> {
        let name = param["name"].as_str().unwrap();
        let noun = noun(command);
        let named = if matches!(name, "id" | "ids") { noun.as_str() } else { name };
        let sent = match (name, param["type"].as_str().unwrap()) {
            ("url", _) => random.one(ADDRESSES).to_owned(),
            (_, "uuid") => self.id(named, random),
            (_, "boolean") => random.one(&["true", "false", "TRUE", "yes", ""]).to_owned(),
            (_, "integer" | "long" | "short" | "double" | "float") => {
                random.one(NUMBERS).to_owned()
            }
            (_, "list") => self.list(named, random),
            (_, "map") => return self.map(name, random),
            _ => self.text(random),
        };
        vec![(name.to_owned(), sent)]
    }

    fn id(&self, name: &str, random: &mut Random) -> String {
        match random.below(10) {
            0 => self.text(random),
            1 => "-1".to_owned(),
            2 => uuid::Uuid::from_u64_pair(random.next(), random.next()).to_string(),
            _ => self.seen(name, random),
        }
    }

    fn text(&self, random: &mut Random) -> String {
        match random.below(12) {
            0 => random.one(HOSTILE).repeat(1 + random.below(300)),
            1 => "x".repeat(1 << random.below(18)),
            2 => (0..random.below(40)).map(|_| random_char(random)).collect(),
            3..=5 => random.one(HOSTILE).to_owned(),
            6 => random.one(NUMBERS).to_owned(),
            7 => self.seen("", random),
            _ => random.one(WORDS).to_owned(),
        }
    }

    fn list(&self, name: &str, random: &mut Random) -> String {
        let item = |random: &mut Random| match random.below(3) {
            0 => self.text(random),
            _ => self.seen(name, random),
        };
        (0..random.below(5)).map(|_| item(random)).collect::<Vec<_>>().join(",")
    }

    fn map(&self, name: &str, random: &mut Random) -> Vec<(String, String)> {
        const FIELDS: &[&str] = &[
            "key",
            "value",
            "cpuNumber",
            "cpuSpeed",
            "memory",
            "rootdisksize",
            "networkid",
            "ip",
            "mac",
            "account",
            "group",
            "service",
            "provider",
            "",
            "Ä",
            "a.b",
            "__proto__",
        ];
        let pairs = (0..=random.below(4)).map(|_| {
            let field = random.one(FIELDS);
            let key = match random.below(12) {
                0 => format!("{name}[].{field}"),
                1 => format!("{name}[99999999999].{field}"),
                2 => format!("{name}[0]{field}"),
                3 => format!("{name}[-1].{field}"),
                4 => format!("{name}[0][1].{field}"),
                5 => name.to_owned(),
                _ => format!("{name}[{}].{field}", random.below(3)),
            };
            let value = if random.below(2) == 0 {
                random.one(NUMBERS).to_owned()
            } else {
                self.text(random)
            };
            (key, value)
        });
        pairs.collect()
    }
}

/// What a command is about: `virtualmachine` of `listVirtualMachines`.
fn noun(command: &str) -> String {
    let words = command.trim_start_matches(|c: char| c.is_ascii_lowercase()).to_lowercase();
    words.strip_suffix('s').unwrap_or(&words).to_owned()
}

fn random_char(random: &mut Random) -> char {
    let number = u32::try_from(random.below(0x11_0000)).unwrap();
    char::from_u32(number).unwrap_or('\u{fffd}')
}
