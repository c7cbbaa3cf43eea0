//! Where settings may stand, and which one counts.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Duration;

use hostler_client::Config;
use hostler_client::config::{ConfigError, Origin, Overrides, Surroundings, parse_seconds};

struct World {
    _folder: tempfile::TempDir,
    around: Surroundings,
    user: PathBuf,
}

fn world(user: &str, system: &str, variables: &[(&str, &str)]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let (user_file, system_file) =
        (folder.path().join("user.toml"), folder.path().join("system.toml"));
    std::fs::write(&user_file, user).unwrap();
    std::fs::write(&system_file, system).unwrap();
    let variables =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let around = Surroundings { variables, files: vec![user_file.clone(), system_file] };
    World { _folder: folder, around, user: user_file }
}

fn resolve(world: &World, overrides: Overrides) -> Result<Config, ConfigError> {
    Config::resolve(overrides, &world.around)
}

const USER: &str =
    "api_key = 'user-key'\n[profiles.lab]\nendpoint = 'http://lab:8080'\ntimeout = 0.5\n";
const SYSTEM: &str = "endpoint = 'http://system:8080/client/api'\napi_key = 'system-key'\nsecret_key = 'system-secret'\n";

#[test]
fn the_order_is_program_environment_user_system_default() {
    let world = world(USER, SYSTEM, &[("HOSTLER_SECRET_KEY", "env-secret")]);
    let overrides = Overrides { profile: Some("lab".into()), ..Overrides::default() };
    let config = resolve(&world, overrides).unwrap();
    assert_eq!(config.endpoint.value, "http://lab:8080/client/api");
    assert_eq!(config.endpoint.origin, Origin::File(world.user.clone(), Some("lab".into())));
    assert_eq!(config.api_key.unwrap().value, "user-key");
    assert_eq!(config.secret_key.unwrap().origin, Origin::Environment("HOSTLER_SECRET_KEY"));
    assert_eq!(config.timeout.value, Duration::from_millis(500));

    let overrides = Overrides { endpoint: Some("https://flag".into()), ..Overrides::default() };
    let config = resolve(&world, overrides).unwrap();
    assert_eq!(
        (config.endpoint.value.as_str(), config.endpoint.origin),
        ("https://flag/client/api", Origin::Program)
    );
    assert_eq!(config.timeout.origin, Origin::Default);
}

#[test]
fn without_anything_there_is_the_local_manager_and_no_keys() {
    let config = Config::resolve(Overrides::default(), &Surroundings::default()).unwrap();
    assert_eq!(config.endpoint.value, "http://127.0.0.1:8080/client/api");
    let error = hostler_client::Session::connect(&config).unwrap_err();
    assert!(error.to_string().contains("HOSTLER_API_KEY"), "{error}");
}

#[test]
fn what_is_wrong_in_a_file_is_said_without_its_values() {
    let world = world("secret_key = 'hush'\nsecret_kye = 'hush'\n", "", &[]);
    let error = resolve(&world, Overrides::default()).unwrap_err().to_string();
    assert!(
        error.contains("user.toml") && error.contains("secret_kye") && error.contains("line"),
        "{error}"
    );
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn wrong_values_say_where_they_stand() {
    for (variables, part) in [
        (("HOSTLER_TIMEOUT", "soon"), "environment HOSTLER_TIMEOUT"),
        (("HOSTLER_ENDPOINT", "manager:8080"), "environment HOSTLER_ENDPOINT"),
        (("HOSTLER_PROFILE", "home"), "known: lab"),
    ] {
        let error = resolve(&world(USER, SYSTEM, &[variables]), Overrides::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn seconds_are_decimal_and_more_than_nothing() {
    assert_eq!(parse_seconds("0.5"), Some(Duration::from_millis(500)));
    for bad in ["0", "-1", "abc", "", "NaN", "inf", "1e400"] {
        assert_eq!(parse_seconds(bad), None, "{bad}");
    }
}

#[test]
fn a_config_hides_its_secrets_when_shown() {
    let world = world(USER, SYSTEM, &[]);
    let shown = format!("{:?}", resolve(&world, Overrides::default()).unwrap());
    assert!(!shown.contains("system-secret") && !shown.contains("user-key"), "{shown}");
}
