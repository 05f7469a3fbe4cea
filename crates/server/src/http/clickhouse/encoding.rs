//! How an answer is compressed: `Accept-Encoding`, where the client has switched that on.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use lz4_flex::frame::FrameEncoder;

/// The level of zstd: answers are compressed while they are computed.
const ZSTD_LEVEL: i32 = 1;

/// Brotli's quality and window: no slower than gzip.
const BROTLI_QUALITY: u32 = 3;
const BROTLI_WINDOW: u32 = 22;

/// Bytes that Brotli gathers.
const BROTLI_BUFFER: usize = 32 * 1024;

/// What an answer's bytes go through.
pub enum Coder {
    /// As they are.
    Plain,
    /// gzip.
    Gzip(GzEncoder<Vec<u8>>),
    /// zlib, which is what `deflate` names.
    Deflate(ZlibEncoder<Vec<u8>>),
    /// The frame format of LZ4.
    Lz4(Box<FrameEncoder<Vec<u8>>>),
    /// zstd.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    /// Brotli.
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Coder {
    /// The fastest that the client takes.
    pub fn accepted(headers: &HeaderMap) -> Coder {
        let accepted = headers.get_all(header::ACCEPT_ENCODING);
        let accepted: Vec<String> = accepted
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter(|name| !name.replace(' ', "").contains(";q=0"))
            .filter_map(|name| name.split(';').next())
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let has = |name: &str| accepted.iter().any(|accepted| accepted == name);
        if has("lz4") {
            Coder::Lz4(Box::new(FrameEncoder::new(Vec::new())))
        } else if has("zstd") {
            let encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL);
            Coder::Zstd(encoder.expect("the level is one of zstd's"))
        } else if has("gzip") || has("x-gzip") {
            Coder::Gzip(GzEncoder::new(Vec::new(), Compression::fast()))
        } else if has("deflate") {
            Coder::Deflate(ZlibEncoder::new(Vec::new(), Compression::fast()))
        } else if has("br") {
            let writer = brotli::CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            );
            Coder::Brotli(Box::new(writer))
        } else {
            Coder::Plain
        }
    }

    /// What `Content-Encoding` says.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Coder::Plain => None,
            Coder::Gzip(_) => Some("gzip"),
            Coder::Deflate(_) => Some("deflate"),
            Coder::Lz4(_) => Some("lz4"),
            Coder::Zstd(_) => Some("zstd"),
            Coder::Brotli(_) => Some("br"),
        }
    }

    /// What there is to send after these bytes: it may be nothing yet.
    pub fn write(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let written = match self {
            Coder::Plain => return bytes,
            Coder::Gzip(writer) => writer.write_all(&bytes),
            Coder::Deflate(writer) => writer.write_all(&bytes),
            Coder::Lz4(writer) => writer.write_all(&bytes),
            Coder::Zstd(writer) => writer.write_all(&bytes),
            Coder::Brotli(writer) => writer.write_all(&bytes),
        };
        written.expect("writing to memory does not fail");
        match self {
            Coder::Plain => Vec::new(),
            Coder::Gzip(writer) => std::mem::take(writer.get_mut()),
            Coder::Deflate(writer) => std::mem::take(writer.get_mut()),
            Coder::Lz4(writer) => std::mem::take(writer.get_mut()),
            Coder::Zstd(writer) => std::mem::take(writer.get_mut()),
            Coder::Brotli(writer) => std::mem::take(writer.get_mut()),
        }
    }

    /// The last bytes.
    pub fn finish(self) -> Vec<u8> {
        let last: io::Result<Vec<u8>> = match self {
            Coder::Plain => Ok(Vec::new()),
            Coder::Gzip(writer) => writer.finish(),
            Coder::Deflate(writer) => writer.finish(),
            Coder::Lz4(writer) => writer.finish().map_err(io::Error::other),
            Coder::Zstd(writer) => writer.finish(),
            Coder::Brotli(writer) => Ok(writer.into_inner()),
        };
        last.expect("writing to memory does not fail")
    }
}
