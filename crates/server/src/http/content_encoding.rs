//! `Content-Encoding` of request bodies: which there are, and decompression within a bound.
//!
//! The encodings are those of Vector's http source: gzip, deflate, snappy, zstd, and several of
//! them one after another; and lz4, whose frames ClickHouse's clients send.

use std::io::{self, BufRead, BufReader, Read};

use axum::http::{HeaderMap, header};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::error::ApiError;

/// Most encodings of one body. Two are rare; each costs a pass over the body.
const MAX_ENCODINGS: usize = 4;

/// How much is decompressed before room for more is asked for.
const STEP_BYTES: usize = 64 * 1024;

/// How the framed form of snappy begins; anything else is one raw block, which Vector reads.
const SNAPPY_FRAMES: &[u8] = b"\xff\x06\x00\x00sNaPpY";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Deflate,
    Snappy,
    Zstd,
    Lz4,
    Brotli,
}

/// Which encodings a port knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Vectors,
    ClickHouses,
}

/// The encodings of a body, in the order in which its sender applied them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encodings(Vec<Encoding>);

impl Encodings {
    /// What the headers name. 415 for an encoding that is not known, and for too many.
    pub fn of(headers: &HeaderMap) -> Result<Encodings, ApiError> {
        Encodings::among(Known::Vectors, headers)
    }

    /// The same with what ClickHouse takes beside them: br.
    pub fn of_clickhouse(headers: &HeaderMap) -> Result<Encodings, ApiError> {
        Encodings::among(Known::ClickHouses, headers)
    }

    fn among(with: Known, headers: &HeaderMap) -> Result<Encodings, ApiError> {
        let mut encodings = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for name in value.as_bytes().split(|&byte| byte == b',') {
                let name = name.trim_ascii().to_ascii_lowercase();
                encodings.push(match name.as_slice() {
                    b"" | b"identity" => continue,
                    b"gzip" | b"x-gzip" => Encoding::Gzip,
                    b"deflate" => Encoding::Deflate,
                    b"snappy" => Encoding::Snappy,
                    b"zstd" => Encoding::Zstd,
                    b"lz4" => Encoding::Lz4,
                    b"br" if with == Known::ClickHouses => Encoding::Brotli,
                    other => return Err(unsupported(other)),
                });
                if encodings.len() > MAX_ENCODINGS {
                    return Err(unsupported(value.as_bytes()));
                }
            }
        }
        Ok(Encodings(encodings))
    }

    /// Whether the body is sent as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the content of a body as it goes. Errors are those of reading and of unpacking. Blocks.
    pub fn reader<'a>(&self, packed: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        let mut reader = packed;
        for encoding in self.0.iter().rev() {
            reader = match encoding {
                Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(reader)),
                Encoding::Deflate => Box::new(flate2::read::ZlibDecoder::new(reader)),
                Encoding::Snappy => Box::new(snap::read::FrameDecoder::new(reader)),
                Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(reader)?),
                Encoding::Lz4 => Box::new(Lz4Frames {
                    decoder: lz4_flex::frame::FrameDecoder::new(BufReader::new(reader)),
                }),
                Encoding::Brotli => Box::new(brotli::Decompressor::new(reader, STEP_BYTES)),
            };
        }
        Ok(reader)
    }

    /// The content of a body. `grow_to` is told, before they are there, how many bytes the larger
    /// of a step's two texts takes, and refuses what is too much: so a bomb meets the limit before
    /// it meets the memory. 422 where the body is not of the encoding it claims. Blocks.
    pub fn decode(
        &self,
        packed: Vec<u8>,
        mut grow_to: impl FnMut(usize) -> Result<(), ApiError>,
    ) -> Result<Vec<u8>, ApiError> {
        let mut bytes = packed;
        for &encoding in self.0.iter().rev() {
            bytes = decode(encoding, &bytes, &mut grow_to)?;
        }
        Ok(bytes)
    }
}

/// Frames of LZ4 one after another: the decoder ends with the first.
struct Lz4Frames<R: BufRead> {
    decoder: lz4_flex::frame::FrameDecoder<R>,
}

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n_read = self.decoder.read(buffer)?;
            let is_over = n_read == 0 && self.decoder.get_mut().fill_buf()?.is_empty();
            if n_read > 0 || is_over || buffer.is_empty() {
                return Ok(n_read);
            }
        }
    }
}

fn unsupported(name: &[u8]) -> ApiError {
    ApiError::UnsupportedEncoding {
        encoding: String::from_utf8_lossy(&name[..name.len().min(40)]).into_owned(),
    }
}

fn decode(
    encoding: Encoding,
    packed: &[u8],
    grow_to: &mut impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    if packed.is_empty() {
        return Ok(bytes);
    }
    match encoding {
        Encoding::Gzip => {
            let mut reader = flate2::read::MultiGzDecoder::new(packed);
            read(&mut reader, packed.len(), &mut bytes, grow_to)?;
        }
        Encoding::Deflate => {
            let mut reader = flate2::read::ZlibDecoder::new(packed);
            read(&mut reader, packed.len(), &mut bytes, grow_to)?;
        }
        Encoding::Snappy if packed.starts_with(SNAPPY_FRAMES) => {
            let mut reader = snap::read::FrameDecoder::new(packed);
            read(&mut reader, packed.len(), &mut bytes, grow_to)?;
        }
        Encoding::Snappy => {
            let length = snap::raw::decompress_len(packed).map_err(not_decodable)?;
            grow_to(packed.len().max(length))?;
            bytes = snap::raw::Decoder::new()
                .decompress_vec(packed)
                .map_err(not_decodable)?;
        }
        Encoding::Lz4 => {
            let mut rest = packed;
            while !rest.is_empty() {
                let mut reader = lz4_flex::frame::FrameDecoder::new(&mut rest);
                read(&mut reader, packed.len(), &mut bytes, grow_to)?;
            }
        }
        Encoding::Zstd => {
            let mut rest = packed;
            while !rest.is_empty() {
                let mut reader = match StreamingDecoder::new(&mut rest) {
                    Ok(reader) => reader,
                    Err(FrameDecoderError::ReadFrameHeaderError(
                        ReadFrameHeaderError::SkipFrame { length, .. },
                    )) => {
                        rest = rest
                            .get(length as usize..)
                            .ok_or(ApiError::BodyNotDecodable)?;
                        continue;
                    }
                    Err(error) => return Err(not_decodable(error)),
                };
                read(&mut reader, packed.len(), &mut bytes, grow_to)?;
                check_content(&reader)?;
            }
        }
        Encoding::Brotli => {
            let mut reader = brotli::Decompressor::new(packed, STEP_BYTES);
            read(&mut reader, packed.len(), &mut bytes, grow_to)?;
        }
    }
    Ok(bytes)
}

/// Reads to the end, behind what `bytes` holds already.
fn read(
    reader: &mut impl Read,
    n_packed: usize,
    bytes: &mut Vec<u8>,
    grow_to: &mut impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut step = vec![0; STEP_BYTES];
    loop {
        let n_read = reader.read(&mut step).map_err(not_decodable)?;
        if n_read == 0 {
            return Ok(());
        }
        // The packed body is still in memory: both count.
        grow_to(n_packed.max(bytes.len() + n_read))?;
        bytes.extend_from_slice(&step[..n_read]);
    }
}

/// The decoder computes the checksum of what it read and leaves the comparison to its caller.
fn check_content<S: Read>(
    reader: &StreamingDecoder<S, ruzstd::decoding::FrameDecoder>,
) -> Result<(), ApiError> {
    let decoder = &reader.decoder;
    match decoder.get_checksum_from_data() {
        Some(expected) if decoder.get_calculated_checksum() != Some(expected) => {
            Err(ApiError::BodyNotDecodable)
        }
        _ => Ok(()),
    }
}

fn not_decodable<E>(_: E) -> ApiError {
    ApiError::BodyNotDecodable
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;

    use super::*;

    fn encodings(values: &[&str]) -> Result<Encodings, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(header::CONTENT_ENCODING, value);
        }
        Encodings::of(&headers)
    }

    fn encode(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Gzip => {
                let mut writer =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(plain).unwrap();
                writer.finish().unwrap()
            }
            Encoding::Deflate => {
                let mut writer =
                    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(plain).unwrap();
                writer.finish().unwrap()
            }
            Encoding::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
            Encoding::Lz4 => {
                let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
                let mut writer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
                writer.write_all(plain).unwrap();
                writer.finish().unwrap()
            }
            Encoding::Zstd => ruzstd::encoding::compress_to_vec(
                plain,
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
            Encoding::Brotli => {
                let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 22);
                writer.write_all(plain).unwrap();
                writer.into_inner()
            }
        }
    }

    const ALL: [Encoding; 5] = [
        Encoding::Lz4,
        Encoding::Gzip,
        Encoding::Deflate,
        Encoding::Snappy,
        Encoding::Zstd,
    ];

    #[test]
    fn what_is_read_as_it_goes_is_the_same() {
        let plain = text();
        for encoding in ALL.into_iter().chain([Encoding::Brotli]) {
            let packed = match encoding {
                Encoding::Snappy => {
                    let mut writer = snap::write::FrameEncoder::new(Vec::new());
                    writer.write_all(&plain).unwrap();
                    writer.into_inner().unwrap()
                }
                encoding => encode(encoding, &plain),
            };
            let read = |packed: &[u8]| {
                let mut bytes = Vec::new();
                let reader = Encodings(vec![encoding]).reader(Box::new(packed));
                reader?.read_to_end(&mut bytes).map(|_| bytes)
            };
            assert!(read(&packed).unwrap() == plain, "{encoding:?}");
            assert!(
                read(&packed[..packed.len() / 2]).is_err(),
                "{encoding:?} cut"
            );
        }
    }

    fn text() -> Vec<u8> {
        b"[{\"scope\":\"create:task\"}, "
            .iter()
            .copied()
            .cycle()
            .take(200_000)
            .collect()
    }

    #[test]
    fn headers_name_encodings_in_the_order_of_the_sender() {
        use Encoding::{Deflate, Gzip, Snappy, Zstd};
        let cases: [(&[&str], &[Encoding]); 9] = [
            (&[], &[]),
            (&[""], &[]),
            (&["identity"], &[]),
            (&["GZIP"], &[Gzip]),
            (&["x-gzip"], &[Gzip]),
            (&["gzip, zstd"], &[Gzip, Zstd]),
            (&["gzip", "zstd"], &[Gzip, Zstd]),
            (&["deflate,identity ,snappy"], &[Deflate, Snappy]),
            (&["gzip,gzip,gzip", "gzip"], &[Gzip; 4]),
        ];
        for (values, expected) in cases {
            assert_eq!(encodings(values).unwrap().0, expected, "{values:?}");
        }
        for values in [
            &["br"][..],
            &["gzip, br"],
            &["*"],
            &["gzip;q=1"],
            &["gzip,gzip,gzip,gzip,gzip"],
        ] {
            let refused = encodings(values).unwrap_err();
            assert_eq!(refused.status(), 415, "{values:?}");
        }
    }

    #[test]
    fn any_two_encodings_are_undone() {
        let plain = text();
        for first in ALL {
            for second in ALL {
                for stack in [vec![first], vec![first, second]] {
                    let packed = stack
                        .iter()
                        .fold(plain.clone(), |bytes, &encoding| encode(encoding, &bytes));
                    let decoded = Encodings(stack.clone()).decode(packed, |_| Ok(()));
                    assert!(decoded.unwrap() == plain, "{stack:?}");
                }
            }
        }
    }

    #[test]
    fn several_frames_are_one_body() {
        let mut framed = snap::write::FrameEncoder::new(Vec::new());
        framed.write_all(b"ab").unwrap();
        let skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz";
        let cases = [
            (
                Encoding::Gzip,
                [encode(Encoding::Gzip, b"a"), encode(Encoding::Gzip, b"b")].concat(),
            ),
            (
                Encoding::Zstd,
                [
                    encode(Encoding::Zstd, b"a"),
                    skipped.to_vec(),
                    encode(Encoding::Zstd, b"b"),
                ]
                .concat(),
            ),
            (Encoding::Snappy, framed.into_inner().unwrap()),
            (
                Encoding::Lz4,
                [encode(Encoding::Lz4, b"a"), encode(Encoding::Lz4, b"b")].concat(),
            ),
        ];
        for (encoding, packed) in cases {
            let decoded = Encodings(vec![encoding]).decode(packed, |_| Ok(()));
            assert_eq!(decoded.unwrap(), b"ab", "{encoding:?}");
        }
    }

    #[test]
    fn what_is_broken_or_cut_is_422() {
        for encoding in ALL {
            let packed = encode(encoding, &text());
            let mut flipped = packed.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 0x55;
            let broken = [
                b"[]".to_vec(),
                packed[..packed.len() / 2].to_vec(),
                packed[..packed.len() - 1].to_vec(),
                flipped,
            ];
            for packed in broken {
                let n_bytes = packed.len();
                let decoded = Encodings(vec![encoding]).decode(packed, |_| Ok(()));
                let decoded = decoded.map_err(|error| error.status());
                // Raw snappy has no checksum: a flipped bit may give another text.
                if encoding == Encoding::Snappy && decoded.is_ok() {
                    continue;
                }
                assert_eq!(
                    decoded.map(|bytes| bytes.len()),
                    Err(axum::http::StatusCode::UNPROCESSABLE_ENTITY),
                    "{encoding:?} of {n_bytes} bytes"
                );
            }
        }
    }

    #[test]
    fn a_bomb_meets_the_limit_before_the_memory() {
        let bomb = vec![b' '; 50_000_000];
        for encoding in ALL {
            for stack in [vec![encoding], vec![encoding, encoding]] {
                let packed = stack
                    .iter()
                    .fold(bomb.clone(), |bytes, &encoding| encode(encoding, &bytes));
                let limit_bytes = packed.len().max(1_000_000);
                let mut most = 0;
                let refused = Encodings(stack.clone()).decode(packed, |bytes| {
                    if bytes > limit_bytes {
                        return Err(ApiError::BodyTooLarge { limit_bytes });
                    }
                    most = most.max(bytes);
                    Ok(())
                });
                assert_eq!(refused.unwrap_err().status(), 413, "{stack:?}");
                assert!(most <= limit_bytes, "{stack:?}");
            }
        }
    }
}
