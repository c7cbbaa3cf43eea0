//! The outer envelope of a frame, which keeps its shape for ever.
//!
//! Big endian, 60 bytes, then the body:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 2 | kind of the message |
//! | 2 | 2 | version of the body |
//! | 4 | 2 | flags |
//! | 6 | 2 | reserved: written as 0, not read |
//! | 8 | 8 | sequence, growing within one connection; an answer has its request's |
//! | 16 | 8 | id of the manager that sends or is meant; 0 while unknown |
//! | 24 | 16 | host that the frame is for or from; 0 while unknown |
//! | 40 | 16 | host that relays it; 0: no relay |
//! | 56 | 4 | length of the body |

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use hostler_model::HostId;
use uuid::Uuid;

/// The length of an envelope without its body.
pub const ENVELOPE_LENGTH: usize = 60;

/// The largest frame, envelope and body: 16 MiB. It is checked before memory is taken.
pub const MAX_FRAME_LENGTH: usize = 16 * 1024 * 1024;

/// Bits that say how a frame is to be treated. Unknown bits are ignored.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// It asks for an answer; without it, it is one or wants none.
    pub const REQUEST: Self = Self(1);
    /// When one command of the request fails, those after it are not run.
    pub const STOP_ON_ERROR: Self = Self(1 << 1);
    /// Its commands take turns with those for the same VM.
    pub const IN_SEQUENCE: Self = Self(1 << 2);
    /// A manager sent it.
    pub const FROM_MANAGER: Self = Self(1 << 5);
    /// It is about another request, for instance cancels it.
    pub const CONTROL: Self = Self(1 << 6);

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:b}", self.0)
    }
}

/// A frame before its body is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Which [`Message`](crate::Message) the body is.
    pub kind: u16,
    /// The version that the body is written in.
    pub version: u16,
    /// How it is to be treated.
    pub flags: Flags,
    /// Its number within the connection; an answer carries its request's.
    pub sequence: u64,
    /// The manager that sends it or is meant; 0 while unknown.
    pub manager: u64,
    /// The host that it is for or from.
    pub host: Option<HostId>,
    /// The host whose connection relays it.
    pub via: Option<HostId>,
    /// The body, not yet decoded.
    pub body: Bytes,
}

/// Bytes that are no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Fewer bytes than an envelope has.
    #[error("a frame of {0} bytes is shorter than an envelope of {ENVELOPE_LENGTH}")]
    Short(usize),
    /// The length in the envelope is not that of the body.
    #[error("the envelope announces a body of {announced} bytes, {there} are there")]
    Length {
        /// By the envelope.
        announced: usize,
        /// By the frame.
        there: usize,
    },
}

impl Envelope {
    /// The frame's bytes, without the length prefix of the transport.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(ENVELOPE_LENGTH + self.body.len());
        out.put_u16(self.kind);
        out.put_u16(self.version);
        out.put_u16(self.flags.0);
        out.put_u16(0);
        out.put_u64(self.sequence);
        out.put_u64(self.manager);
        out.put_u128(self.host.map_or(0, |h| h.uuid().as_u128()));
        out.put_u128(self.via.map_or(0, |h| h.uuid().as_u128()));
        // A longer body cannot be framed: the codec checks the length of the whole first.
        out.put_u32(u32::try_from(self.body.len()).unwrap_or(u32::MAX));
        out.put_slice(&self.body);
        out.freeze()
    }

    /// Reads a frame's bytes.
    ///
    /// # Errors
    /// [`EnvelopeError`] if it is too short or its length field is wrong.
    pub fn decode(mut frame: Bytes) -> Result<Self, EnvelopeError> {
        if frame.len() < ENVELOPE_LENGTH {
            return Err(EnvelopeError::Short(frame.len()));
        }
        let host = |n: u128| (n != 0).then(|| HostId::new(Uuid::from_u128(n)));
        let (kind, version, flags, _) =
            (frame.get_u16(), frame.get_u16(), Flags(frame.get_u16()), frame.get_u16());
        let (sequence, manager) = (frame.get_u64(), frame.get_u64());
        let (to, via) = (host(frame.get_u128()), host(frame.get_u128()));
        let announced = frame.get_u32() as usize;
        if announced != frame.len() {
            return Err(EnvelopeError::Length { announced, there: frame.len() });
        }
        Ok(Self { kind, version, flags, sequence, manager, host: to, via, body: frame })
    }
}
