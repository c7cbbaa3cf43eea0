//! How long a `StartCommand` takes to become bytes, and to come back.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hostler_wire::ProtocolVersion;
use hostler_wire::codec::{decode_frame, encode_frame};

fn start_command(c: &mut Criterion) {
    let text = include_str!("../golden/v1/request-start.hex");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let bytes = bytes::Bytes::from(bytes).slice(4..);
    let frame = decode_frame(bytes.clone()).expect("a golden frame is a frame");
    c.bench_function("encode StartCommand", |b| {
        b.iter(|| encode_frame(black_box(&frame), ProtocolVersion::CURRENT));
    });
    c.bench_function("decode StartCommand", |b| b.iter(|| decode_frame(black_box(bytes.clone()))));
}

criterion_group!(benches, start_command);
criterion_main!(benches);
