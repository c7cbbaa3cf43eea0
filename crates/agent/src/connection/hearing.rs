//! Frames as an agent hears them. A request that it cannot read is no end of the link: it is told from what is broken,
//! so that it can be answered.

use bytes::BytesMut;
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use tokio_util::codec::Decoder;

/// Decodes what a manager says.
#[derive(Debug, Default)]
pub(super) struct Hearing(FrameCodec);

/// What came.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame.
    Frame(Frame),
    /// Orders of a manager that knows more than this agent.
    Unreadable {
        /// The request's.
        sequence: u64,
        /// What of it cannot be read.
        why: String,
    },
}

impl Decoder for Hearing {
    type Item = Heard;
    type Error = CodecError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Heard>, CodecError> {
        match self.0.decode(bytes) {
            // the whole frame was taken from the stream: the next one begins after it
            Err(CodecError::Request { sequence, why }) => {
                Ok(Some(Heard::Unreadable { sequence, why }))
            }
            decoded => Ok(decoded?.map(Heard::Frame)),
        }
    }
}
