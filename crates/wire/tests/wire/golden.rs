//! The bytes of every released version, kept for ever.
//!
//! `golden/v<version>/<name>.hex` is a frame as it is on the wire, `<name>.json` what it means. A frame that is
//! released is never written again. For a new message or version, run the tests with `HOSTLER_BLESS=1`: that adds
//! what is missing and changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use hostler_model::HostId;
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::{Flags, Message, ProtocolVersion, show};
use tokio_util::codec::{Decoder, Encoder};

use crate::any::{variants, with_choices};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

pub(crate) fn encode(frame: &Frame) -> Vec<u8> {
    let (mut codec, mut bytes) = (FrameCodec::new(), BytesMut::new());
    codec.set_version(ProtocolVersion::CURRENT);
    codec.encode(frame.clone(), &mut bytes).unwrap();
    bytes.to_vec()
}

fn decode(bytes: &[u8]) -> Result<Frame, CodecError> {
    let mut bytes = BytesMut::from(bytes);
    let frame = FrameCodec::new().decode(&mut bytes)?;
    assert!(bytes.is_empty(), "a golden file holds one frame");
    Ok(frame.expect("a golden file holds a whole frame"))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Every golden frame: version, name, bytes.
pub(crate) fn all() -> Vec<(u16, PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for version in fs::read_dir(directory()).unwrap() {
        let version = version.unwrap().path();
        let number = version.file_name().unwrap().to_str().unwrap()[1..].parse().unwrap();
        for file in fs::read_dir(version).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "hex") {
                let bytes = unhex(&fs::read_to_string(&path).unwrap());
                all.push((number, path, bytes));
            }
        }
    }
    all
}

/// One frame of each kind of message, of each command, of each answer and of each failure.
fn samples() -> BTreeMap<String, Frame> {
    let mut samples = BTreeMap::new();
    let mut add = |name: String, choices: &[(&str, &str)]| {
        let request = Flags::REQUEST.with(Flags::IN_SEQUENCE).with(Flags::FROM_MANAGER);
        // The fullest of some that have one order or outcome, not none or several.
        let message = (1..60)
            .map(|seed| with_choices::<Message>(seed, choices))
            .filter(|message| match message {
                Message::Request(orders) => orders.len() == 1,
                Message::Response(outcomes) => outcomes.len() == 1,
                _ => true,
            })
            .max_by_key(|message| encode(&Frame::new(17, message.clone())).len())
            .unwrap();
        let flags = if matches!(message, Message::Request(_)) { request } else { Flags(0) };
        let host =
            Some(HostId::new(uuid::Uuid::from_u128(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd)));
        let frame = Frame { flags, manager: 0x1122, host, ..Frame::new(17, message) };
        samples.insert(name, frame);
    };
    for kind in variants::<Message>("Message") {
        if !matches!(kind, "Request" | "Response") {
            add(kebab(kind), &[("Message", kind)]);
        }
    }
    for command in variants::<Message>("Command") {
        if command != "Worker" {
            add(
                format!("request-{}", kebab(command)),
                &[("Message", "Request"), ("Command", command)],
            );
        }
    }
    for command in variants::<Message>("WorkerCommand") {
        let choices = [("Message", "Request"), ("Command", "Worker"), ("WorkerCommand", command)];
        add(format!("request-worker-{}", kebab(command)), &choices);
    }
    for answer in variants::<Message>("Answer") {
        let choices = [("Message", "Response"), ("Result", "Ok"), ("Answer", answer)];
        add(format!("response-{}", kebab(answer)), &choices);
    }
    for failure in variants::<Message>("FailureKind") {
        let choices = [("Message", "Response"), ("Result", "Err"), ("FailureKind", failure)];
        add(format!("response-failure-{}", kebab(failure)), &choices);
    }
    samples
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[test]
fn every_frame_ever_released_means_what_it_meant() {
    let all = all();
    assert!(all.len() > 40, "{} golden frames are there", all.len());
    for (_, path, bytes) in all {
        let frame = decode(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let meant = fs::read_to_string(path.with_extension("json")).unwrap();
        let means = serde_json::to_string_pretty(&show::frame(&frame)).unwrap() + "\n";
        assert_eq!(means, meant, "{}", path.display());
    }
}

#[test]
fn what_this_build_writes_is_what_was_released() {
    for (version, path, bytes) in all() {
        if version == ProtocolVersion::CURRENT.0 {
            let frame = decode(&bytes).unwrap();
            assert_eq!(hex(&encode(&frame)), hex(&bytes), "{}", path.display());
        }
    }
}

#[test]
fn every_message_command_and_answer_has_a_golden_frame() {
    let directory = directory().join(format!("{}", ProtocolVersion::CURRENT));
    let mut missing = Vec::new();
    for (name, frame) in samples() {
        let path = directory.join(format!("{name}.hex"));
        if path.exists() {
            continue;
        }
        if std::env::var_os("HOSTLER_BLESS").is_some() {
            fs::create_dir_all(&directory).unwrap();
            let shown = serde_json::to_string_pretty(&show::frame(&frame)).unwrap() + "\n";
            fs::write(&path, hex(&encode(&frame))).unwrap();
            fs::write(path.with_extension("json"), shown).unwrap();
        } else {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "run with HOSTLER_BLESS=1 to add {missing:?}");
}

#[test]
fn the_handshake_of_any_version_can_be_read() {
    let handshake = ["startup.hex", "ready.hex", "refused.hex"];
    for (_, path, mut bytes) in all() {
        bytes[6..8].copy_from_slice(&999_u16.to_be_bytes()); // the envelope's version
        let read = decode(&bytes);
        if handshake.iter().any(|name| path.ends_with(name)) {
            assert!(read.is_ok(), "{}", path.display());
        } else {
            assert!(matches!(read, Err(CodecError::UnknownVersion(999))), "{}", path.display());
        }
    }
}
