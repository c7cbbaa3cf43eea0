//! Arguments for a POSIX shell, so that each stays one argument whatever is in it.

/// A command line for a POSIX shell: each of `arguments` arrives as it is.
///
/// There is no way to pass a NUL byte; it is left out.
pub fn command_line<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = arguments.into_iter().map(|a| quote(a.as_ref())).collect();
    quoted.join(" ")
}

fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\0', "").replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What a shell makes of the arguments.
    fn through_sh(arguments: &[String]) -> Vec<String> {
        let line = format!("printf '%s\\0' {}", command_line(arguments));
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn a_plain_argument_is_readable() {
        assert_eq!(
            command_line(["setup-agent", "-m", "10.0.0.1,10.0.0.2"]),
            "setup-agent -m 10.0.0.1,10.0.0.2"
        );
    }

    #[test]
    fn a_hostile_cluster_name_stays_one_argument() {
        let names =
            ["a b", "it's", ";rm -rf /", "$(reboot)", "`reboot`", "", "*", "~", "-", "a\nb"];
        let names: Vec<String> = names.map(str::to_owned).into();
        assert_eq!(through_sh(&names), names);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_in_an_argument_it_arrives_as_it_is(
            arguments in proptest::collection::vec("[^\0]{0,40}", 1..8)
        ) {
            prop_assert_eq!(through_sh(&arguments), arguments);
        }
    }
}
