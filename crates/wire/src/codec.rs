//! Bytes to messages and back: the only file that knows bincode.
//!
//! A frame on the wire is a length of four bytes, big endian, then an [`Envelope`]. The length is checked
//! against [`MAX_FRAME_LENGTH`] before memory is taken for it.

use bincode::config::{Configuration, Limit, LittleEndian, NoLimit, Varint};
use bytes::{Bytes, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

use hostler_model::HostId;

use crate::{
    Envelope, EnvelopeError, Flags, MAX_FRAME_LENGTH, Message, ProtocolVersion, VersionRange,
};

/// Kinds up to this one (Startup, Ready, Refused) have the same body in every version, so that peers without
/// a common version can still tell each other so.
const LAST_HANDSHAKE_KIND: u16 = 3;

/// The kind of requests.
const REQUEST_KIND: u16 = 7;

/// A message with what its envelope says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// See [`Envelope::sequence`].
    pub sequence: u64,
    /// See [`Envelope::flags`].
    pub flags: Flags,
    /// See [`Envelope::manager`].
    pub manager: u64,
    /// See [`Envelope::host`].
    pub host: Option<HostId>,
    /// See [`Envelope::via`].
    pub via: Option<HostId>,
    /// What is said.
    pub message: Message,
}

impl Frame {
    /// A message with nothing else said about it.
    pub const fn new(sequence: u64, message: Message) -> Self {
        Self { sequence, flags: Flags(0), manager: 0, host: None, via: None, message }
    }
}

/// Why bytes are no message, or a message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The transport failed, or the length prefix is above the limit.
    #[error("cannot read or write a frame (the limit is {MAX_FRAME_LENGTH} bytes)")]
    Io(#[from] std::io::Error),
    /// The frame is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// No message has this number.
    #[error("no message is of kind {0}; is the peer newer than this side?")]
    UnknownKind(u16),
    /// The body is in a version that this build does not know.
    #[error("a body of version {0} cannot be read here, where {ours} are known", ours = VersionRange::OURS)]
    UnknownVersion(u16),
    /// The body is not what its kind says.
    #[error("the body of a message of kind {kind} cannot be read: {why}")]
    Body {
        /// The kind in the envelope.
        kind: u16,
        /// What was found.
        why: String,
    },
    /// The orders of a request cannot be read. The stream goes on after it.
    #[error("the orders of request {sequence} cannot be read: {why}")]
    Request {
        /// See [`Envelope::sequence`].
        sequence: u64,
        /// What was found.
        why: String,
    },
    /// The message is larger than a frame may be.
    #[error("a message of kind {kind} takes {length} bytes; a frame may have {MAX_FRAME_LENGTH}")]
    TooLong {
        /// Its kind.
        kind: u16,
        /// Its length.
        length: usize,
    },
}

/// Turns a byte stream into frames and back; one for each direction of each connection.
#[derive(Debug)]
pub struct FrameCodec {
    lengths: LengthDelimitedCodec,
    version: ProtocolVersion,
}

impl Default for FrameCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameCodec {
    /// A codec that writes the oldest version, which every peer of the handshake reads.
    pub fn new() -> Self {
        let lengths =
            LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME_LENGTH).new_codec();
        Self { lengths, version: ProtocolVersion::OLDEST }
    }

    /// From now on, writes the version that was agreed on.
    pub const fn set_version(&mut self, version: ProtocolVersion) {
        self.version = version;
    }
}

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        self.lengths.decode(bytes)?.map(|frame| decode_frame(frame.freeze())).transpose()
    }
}

impl Encoder<Frame> for FrameCodec {
    type Error = CodecError;

    fn encode(&mut self, frame: Frame, out: &mut BytesMut) -> Result<(), CodecError> {
        let bytes = encode_frame(&frame, self.version)?;
        Ok(self.lengths.encode(bytes, out)?)
    }
}

/// The bytes of a frame, without the length prefix.
///
/// # Errors
/// [`CodecError::TooLong`] if it does not fit into a frame.
pub fn encode_frame(frame: &Frame, version: ProtocolVersion) -> Result<Bytes, CodecError> {
    let kind = frame.message.kind();
    let body = encode_body(&frame.message)?;
    let envelope = Envelope {
        kind,
        version: version.0,
        flags: frame.flags,
        sequence: frame.sequence,
        manager: frame.manager,
        host: frame.host,
        via: frame.via,
        body: body.into(),
    };
    let bytes = envelope.encode();
    if bytes.len() > MAX_FRAME_LENGTH {
        return Err(CodecError::TooLong { kind, length: bytes.len() });
    }
    Ok(bytes)
}

/// Reads the bytes of a frame, without the length prefix. Never panics, whatever they are.
///
/// # Errors
/// [`CodecError`] says what is wrong with them.
pub fn decode_frame(bytes: Bytes) -> Result<Frame, CodecError> {
    let Envelope { kind, version, flags, sequence, manager, host, via, body } =
        Envelope::decode(bytes)?;
    let known = ProtocolVersion::OLDEST.0..=ProtocolVersion::CURRENT.0;
    if !(known.contains(&version) || LAST_HANDSHAKE_KIND >= kind) {
        return Err(CodecError::UnknownVersion(version));
    }
    let message = decode_body(kind, &body).map_err(|error| match error {
        CodecError::Body { kind: REQUEST_KIND, why } => CodecError::Request { sequence, why },
        other => other,
    })?;
    Ok(Frame { sequence, flags, manager, host, via, message })
}

fn encode_body(message: &Message) -> Result<Vec<u8>, CodecError> {
    let kind = message.kind();
    match message {
        Message::Startup(m) => write(kind, m),
        Message::Ready(m) => write(kind, m),
        Message::Refused(m) => write(kind, m),
        Message::ReadyAcknowledged => Ok(Vec::new()),
        Message::Ping(m) => write(kind, m),
        Message::Pong(m) => write(kind, m),
        Message::Request(m) => write(kind, m),
        Message::Response(m) => write(kind, m),
        Message::Report(m) => write(kind, m),
        Message::Progress(m) => write(kind, m),
        Message::Cancel(m) => write(kind, m),
        Message::Shutdown(m) => write(kind, m),
        Message::NotUnderstood(m) => write(kind, m),
    }
}

fn decode_body(kind: u16, body: &[u8]) -> Result<Message, CodecError> {
    Ok(match kind {
        1 => Message::Startup(read(kind, body)?),
        2 => Message::Ready(read(kind, body)?),
        3 => Message::Refused(read(kind, body)?),
        4 => {
            read::<()>(kind, body)?;
            Message::ReadyAcknowledged
        }
        5 => Message::Ping(read(kind, body)?),
        6 => Message::Pong(read(kind, body)?),
        REQUEST_KIND => Message::Request(read(kind, body)?),
        8 => Message::Response(read(kind, body)?),
        9 => Message::Report(read(kind, body)?),
        10 => Message::Progress(read(kind, body)?),
        11 => Message::Cancel(read(kind, body)?),
        12 => Message::Shutdown(read(kind, body)?),
        13 => Message::NotUnderstood(read(kind, body)?),
        other => return Err(CodecError::UnknownKind(other)),
    })
}

/// bincode's own settings. Whoever reads sets a limit besides; see [`read`].
type Config<L = NoLimit> = Configuration<LittleEndian, Varint, L>;
const CONFIG: Config = bincode::config::standard().with_no_limit().with_little_endian();

fn write<T: Serialize>(kind: u16, body: &T) -> Result<Vec<u8>, CodecError> {
    bincode::serde::encode_to_vec(body, CONFIG)
        .map_err(|e| CodecError::Body { kind, why: e.to_string() })
}

/// Reads a body, all of it.
///
/// The limit keeps bincode from taking memory for a text that a body only claims to hold. bincode counts a number
/// as long as its type, not as it is written, so eight times the body's length is the least that lets everything
/// through that can be written; the limit must be a constant, hence the steps.
fn read<T: DeserializeOwned>(kind: u16, body: &[u8]) -> Result<T, CodecError> {
    const KIB: usize = 1024;
    match body.len().div_ceil(KIB) {
        0..=4 => read_within::<T, { 32 * KIB }>(kind, body),
        5..=64 => read_within::<T, { 512 * KIB }>(kind, body),
        65..=1024 => read_within::<T, { 8 * KIB * KIB }>(kind, body),
        1025..=4096 => read_within::<T, { 32 * KIB * KIB }>(kind, body),
        _ => read_within::<T, { 8 * MAX_FRAME_LENGTH }>(kind, body),
    }
}

fn read_within<T: DeserializeOwned, const LIMIT: usize>(
    kind: u16,
    body: &[u8],
) -> Result<T, CodecError> {
    let wrong = |why: String| CodecError::Body { kind, why };
    let config: Config<Limit<LIMIT>> = CONFIG.with_limit();
    let (value, length) =
        bincode::serde::decode_from_slice(body, config).map_err(|e| wrong(e.to_string()))?;
    if length != body.len() {
        return Err(wrong(format!("{} bytes are left over", body.len() - length)));
    }
    Ok(value)
}
