//! Bytes that mean harm: nothing panics, and each ends only its own connection.

use bytes::{BufMut, BytesMut};
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::{ENVELOPE_LENGTH, Envelope, EnvelopeError, MAX_FRAME_LENGTH, Message};
use proptest::prelude::*;
use tokio_util::codec::Decoder;

use crate::golden;

fn decode(bytes: &[u8]) -> Result<Option<Frame>, CodecError> {
    FrameCodec::new().decode(&mut BytesMut::from(bytes))
}

/// A frame of `kind` around `body`, with its length before it.
fn framed(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    bytes.put_u32(u32::try_from(ENVELOPE_LENGTH + body.len()).unwrap());
    bytes.put_u16(kind);
    bytes.put_u16(1);
    bytes.put_bytes(0, ENVELOPE_LENGTH - 8);
    bytes.put_u32(u32::try_from(body.len()).unwrap());
    bytes.put_slice(body);
    bytes.to_vec()
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes: Vec<u8>) {
        let _ = decode(&bytes);
        let _ = Envelope::decode(bytes.into());
    }

    #[test]
    fn random_bodies_do_no_harm(kind in 0u16..16, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&framed(kind, &body));
    }

    #[test]
    fn golden_frames_with_a_few_wrong_bytes_do_no_harm(
        which: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length: prop::sample::Index,
        cut: bool,
    ) {
        let goldens = golden::all();
        let mut bytes = goldens[which.index(goldens.len())].2.clone();
        let there = bytes.len();
        for (at, value) in changes {
            bytes[4 + at.index(there - 4)] = value;
        }
        if cut {
            bytes.truncate(length.index(there));
        }
        let _ = decode(&bytes);
    }
}

#[test]
fn a_frame_above_the_limit_is_refused_at_its_length() {
    let length = u32::try_from(MAX_FRAME_LENGTH + 1).unwrap();
    assert!(matches!(decode(&length.to_be_bytes()), Err(CodecError::Io(_))));
    assert!(matches!(decode(&u32::MAX.to_be_bytes()), Err(CodecError::Io(_))));
}

#[test]
fn a_frame_without_content_is_refused() {
    let refused = decode(&0_u32.to_be_bytes());
    assert!(matches!(refused, Err(CodecError::Envelope(EnvelopeError::Short(0)))), "{refused:?}");
}

#[test]
fn a_wrong_length_in_the_envelope_is_refused() {
    let mut bytes = framed(5, &[0; 10]);
    bytes[4 + ENVELOPE_LENGTH - 1] = 11;
    let refused = decode(&bytes);
    assert!(
        matches!(refused, Err(CodecError::Envelope(EnvelopeError::Length { .. }))),
        "{refused:?}"
    );
}

#[test]
fn a_message_of_an_unknown_kind_is_refused() {
    assert!(matches!(decode(&framed(14, &[])), Err(CodecError::UnknownKind(14))));
    assert!(matches!(decode(&framed(0, &[])), Err(CodecError::UnknownKind(0))));
}

/// So an agent can answer orders that only a newer one knows, and go on.
#[test]
fn orders_that_cannot_be_read_are_told_from_a_broken_stream_which_goes_on_behind_them() {
    let (mut codec, mut bytes) = (FrameCodec::new(), BytesMut::new());
    let unknown = [&[1][..], &[16], &[0; 16], &[0], &[250]].concat(); // one order: id, no limit, command 250
    bytes.extend_from_slice(&framed(7, &unknown));
    bytes.extend_from_slice(&framed(4, &[]));
    let refused = codec.decode(&mut bytes);
    let Err(CodecError::Request { sequence: 0, why }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("250"), "{why}");
    assert_eq!(codec.decode(&mut bytes).unwrap().unwrap().message, Message::ReadyAcknowledged);
}

#[test]
fn bytes_behind_a_body_are_refused() {
    let refused = decode(&framed(4, &[0]));
    assert!(matches!(refused, Err(CodecError::Body { kind: 4, .. })), "{refused:?}");
}

#[test]
fn a_list_that_only_claims_to_be_long_is_refused() {
    // kind 11 is Cancel, a list of ids; 253 announces a length of eight bytes.
    let mut body = vec![253];
    body.extend_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(decode(&framed(11, &body)), Err(CodecError::Body { kind: 11, .. })));
}
