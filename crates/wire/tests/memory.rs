//! A small frame never makes its reader take much memory, whatever lengths it claims.

#![allow(clippy::unwrap_used)]
#![allow(unsafe_code)] // counting what is taken needs an allocator of one's own

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut, BytesMut};
use hostler_wire::codec::FrameCodec;
use hostler_wire::{ENVELOPE_LENGTH, MAX_FRAME_LENGTH};
use tokio_util::codec::Decoder;

struct Counting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator; only sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = TAKEN.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(taken, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most memory that is taken at once while `bytes` are read.
fn most_taken(bytes: &[u8]) -> usize {
    let mut bytes = BytesMut::from(bytes);
    let before = TAKEN.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let _ = FrameCodec::new().decode(&mut bytes);
    MOST.load(Ordering::Relaxed) - before
}

/// A frame whose body begins with `start` and then claims, everywhere, a length of `claim`.
fn claiming(kind: u16, start: &[u8], claim: u32) -> Vec<u8> {
    let mut body = start.to_vec();
    for _ in 0..20 {
        body.push(252);
        body.extend_from_slice(&claim.to_le_bytes());
    }
    let mut bytes = BytesMut::new();
    bytes.put_u32(u32::try_from(ENVELOPE_LENGTH + body.len()).unwrap());
    bytes.put_u16(kind);
    bytes.put_u16(1);
    bytes.put_bytes(0, ENVELOPE_LENGTH - 8);
    bytes.put_u32(u32::try_from(body.len()).unwrap());
    bytes.put_slice(&body);
    bytes.to_vec()
}

/// One test, because what other threads take would be counted too.
#[test]
fn what_a_frame_only_claims_takes_no_memory() {
    assert!(most_taken(&u32::MAX.to_be_bytes()) < 4096);
    // A length is believed up to the limit, and room is made for it.
    let longest = u32::try_from(MAX_FRAME_LENGTH).unwrap().to_be_bytes();
    assert!(most_taken(&longest) <= MAX_FRAME_LENGTH + 64 * 1024);
    let mut most = 0;
    for kind in 1..=12 {
        for claim in [1 << 10, 1 << 20, 15 << 20, 1 << 24, u32::MAX] {
            for start in [&[][..], &[1][..], &[1, 1][..], &[1, 1, 1, 1][..]] {
                most = most.max(most_taken(&claiming(kind, start, claim)));
            }
        }
    }
    // A list makes room for 1 MiB before it has seen its elements.
    assert!(most <= 2 * 1024 * 1024, "{most} bytes were taken for a frame of 200");
}
