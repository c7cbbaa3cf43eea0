//! `decode`: shows captured frames as JSON, one a line, secrets masked.
//!
//! Reads a stream of frames as they are on the wire inside TLS (length, envelope, body), for instance
//! `xxd -r -p golden/v1/stop.hex | decode`. Ends with 1 at the first bytes that are no frame.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use bytes::BytesMut;
use hostler_wire::codec::FrameCodec;
use hostler_wire::show;
use tokio_util::codec::Decoder;

fn main() -> ExitCode {
    match decode(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "decode: {why}");
            ExitCode::FAILURE
        }
    }
}

fn decode(mut input: impl Read, mut output: impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let mut codec = FrameCodec::new();
    let mut bytes = BytesMut::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = input.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..length]);
        while let Some(frame) = codec.decode(&mut bytes)? {
            writeln!(output, "{}", show::frame(&frame))?;
        }
        if length == 0 {
            break;
        }
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(format!("{} bytes at the end are no whole frame", bytes.len()).into())
    }
}
