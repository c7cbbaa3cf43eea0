//! Whatever is sent arrives as it was.

use bytes::BytesMut;
use hostler_model::HostId;
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::{
    Answer, ConsoleLogAnswer, Flags, MAX_FRAME_LENGTH, Message, Outcome, ProtocolVersion, Secret,
};
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use crate::any::{any, variants, with_choices};

fn sent(frame: Frame) -> BytesMut {
    let (mut codec, mut bytes) = (FrameCodec::new(), BytesMut::new());
    codec.set_version(ProtocolVersion::CURRENT);
    codec.encode(frame, &mut bytes).unwrap();
    bytes
}

fn arrived(bytes: &mut BytesMut) -> Frame {
    FrameCodec::new().decode(bytes).unwrap().unwrap()
}

proptest! {
    #[test]
    fn every_message_arrives_as_it_was_sent(seed: u64) {
        for kind in variants::<Message>("Message") {
            let frame = Frame::new(7, with_choices(seed, &[("Message", kind)]));
            prop_assert_eq!(arrived(&mut sent(frame.clone())), frame);
        }
    }

    #[test]
    fn every_command_and_answer_arrives_as_it_was_sent(seed: u64) {
        for (message, part) in [("Request", "Command"), ("Response", "Answer")] {
            for variant in variants::<Message>(part) {
                let choices = [("Message", message), ("Result", "Ok"), (part, variant)];
                let frame = Frame::new(7, with_choices(seed, &choices));
                prop_assert_eq!(arrived(&mut sent(frame.clone())), frame);
            }
        }
    }

    #[test]
    fn an_envelope_arrives_as_it_was_sent(
        sequence: u64, flags: u16, manager: u64, host in 1u64.., via: u64
    ) {
        let host_id = |n: u64| (n != 0).then(|| HostId::new(uuid::Uuid::from_u64_pair(n, n)));
        let frame = Frame {
            flags: Flags(flags),
            manager,
            host: host_id(host),
            via: host_id(via),
            ..Frame::new(sequence, any(sequence))
        };
        prop_assert_eq!(arrived(&mut sent(frame.clone())), frame);
    }

    #[test]
    fn frames_arrive_whole_however_the_stream_is_cut(seeds in prop::collection::vec(any_seed(), 1..5), cut in 1usize..400) {
        let frames: Vec<_> =
            (1..).zip(seeds).map(|(n, seed)| Frame::new(n, any::<Message>(seed))).collect();
        let stream: Vec<u8> = frames.iter().flat_map(|f| sent(f.clone()).to_vec()).collect();
        let (mut codec, mut bytes, mut heard) = (FrameCodec::new(), BytesMut::new(), Vec::new());
        for chunk in stream.chunks(cut) {
            bytes.extend_from_slice(chunk);
            while let Some(frame) = codec.decode(&mut bytes).unwrap() {
                heard.push(frame);
            }
        }
        prop_assert_eq!(heard, frames);
    }
}

fn any_seed() -> impl Strategy<Value = u64> {
    proptest::num::u64::ANY
}

#[test]
fn unknown_flags_do_no_harm() {
    let frame = Frame { flags: Flags(0xffff), ..Frame::new(1, Message::ReadyAcknowledged) };
    let heard = arrived(&mut sent(frame));
    assert!(heard.flags.contains(Flags::REQUEST) && heard.flags.contains(Flags::CONTROL));
}

#[test]
fn a_message_that_fits_into_no_frame_is_not_sent() {
    let text = "x".repeat(MAX_FRAME_LENGTH);
    let id = hostler_model::CommandId::new(uuid::Uuid::from_u128(1));
    let result = Ok(Answer::ConsoleLog(ConsoleLogAnswer { text }));
    let frame = Frame::new(1, Message::Response(vec![Outcome { id, result }]));
    let mut out = BytesMut::new();
    let refused = FrameCodec::new().encode(frame, &mut out);
    assert!(matches!(refused, Err(CodecError::TooLong { kind: 8, .. })), "{refused:?}");
    assert!(out.is_empty());
}

#[test]
fn what_fits_into_a_frame_when_sent_can_be_read_when_it_arrives() {
    // Many short fields are the worst case for a reader that counts what it has read in memory.
    let run: hostler_wire::RunReport = any(1);
    let report =
        hostler_wire::HostReport { complete: true, runs: vec![run; 200_000], aliens: vec![] };
    let bytes = sent(Frame::new(1, Message::Report(report)));
    assert!(bytes.len() > MAX_FRAME_LENGTH / 2, "{}", bytes.len());
    assert!(arrived(&mut bytes.clone()).message.kind() == 9);
    let clocks = hostler_wire::Ping { vms: vec![any(2); 200_000], ..any(3) };
    let bytes = sent(Frame::new(1, Message::Ping(clocks)));
    assert_eq!(arrived(&mut bytes.clone()).message.kind(), 5);
    let ids = vec![hostler_model::CommandId::new(uuid::Uuid::nil()); 900_000];
    let bytes = sent(Frame::new(1, Message::Cancel(ids)));
    assert!(bytes.len() > 15_000_000, "{}", bytes.len());
    assert_eq!(arrived(&mut bytes.clone()).message.kind(), 11);
}

#[test]
fn a_secret_travels_but_is_not_shown() {
    let mut command: hostler_wire::StartCommand = any(3);
    command.vm.vnc.password = Secret::new("geheim");
    let order = hostler_wire::Order {
        id: hostler_model::CommandId::new(uuid::Uuid::from_u128(1)),
        wait_seconds: 0,
        command: command.into(),
    };
    let bytes = sent(Frame::new(1, Message::Request(vec![order])));
    assert!(bytes.windows(6).any(|w| w == b"geheim"));
    let heard = arrived(&mut bytes.clone());
    let shown = hostler_wire::show::frame(&heard).to_string() + &format!("{heard:?}");
    assert!(!shown.contains("geheim") && shown.contains("***"));
}
