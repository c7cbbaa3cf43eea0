//! Any bytes as a stream of frames: nothing panics, and what can be read is written back as it was.
#![no_main]

use bytes::BytesMut;
use hostler_wire::codec::{FrameCodec, decode_frame, encode_frame};
use hostler_wire::{ProtocolVersion, show};
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder;

fuzz_target!(|input: &[u8]| {
    let (mut codec, mut bytes) = (FrameCodec::new(), BytesMut::from(input));
    while let Ok(Some(frame)) = codec.decode(&mut bytes) {
        let written = encode_frame(&frame, ProtocolVersion::CURRENT).expect("what was read can be written");
        assert_eq!(decode_frame(written).expect("what was written can be read"), frame);
        let _ = show::frame(&frame).to_string();
    }
});
