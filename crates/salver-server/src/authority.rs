//! Makes what clients send as `:authority` over a Unix socket readable for the HTTP library.
//!
//! gRPC's C library, and with it Python's and C++'s clients, sends the percent-encoded path of the socket
//! (`tmp%2Fgrpc.sock`). By RFC 3986 section 3.2.2 that is a good host, but `http::uri::Authority` takes no `%`, and every
//! call would be refused as malformed. Nothing here asks for the authority, so `%` becomes `-` on its way in: the length
//! stays, and the state of header compression (RFC 7541) stays the same on both sides. Text in Huffman code is left as it
//! is; the clients in question send none.

const PREFACE_LEN: usize = 24;
const HEAD_LEN: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_LEN: usize = 5;

const NAME: &[u8] = b":authority";
/// Number of that name in the static table.
const NAME_INDEX: u8 = 1;

/// Follows the frames that a client sends (RFC 9113 section 4), in whatever pieces they come.
pub(crate) struct AuthorityFilter {
    /// Bytes to pass over.
    skip: usize,
    head: [u8; HEAD_LEN],
    head_len: usize,
    /// The next byte tells the length of the padding.
    is_padded: bool,
    priority: usize,
    /// Bytes of a header block that follow.
    block: usize,
    padding: usize,
    fields: Fields,
}

impl AuthorityFilter {
    /// A filter for the beginning of a connection.
    pub(crate) fn new() -> Self {
        Self {
            skip: PREFACE_LEN,
            head: [0; HEAD_LEN],
            head_len: 0,
            is_padded: false,
            priority: 0,
            block: 0,
            padding: 0,
            fields: Fields::default(),
        }
    }

    /// Changes the next bytes of the connection, where they need it.
    pub(crate) fn rewrite(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let taken = if self.skip > 0 {
                let taken = self.skip.min(bytes.len());
                self.skip -= taken;
                taken
            } else if self.is_padded {
                self.begin_padded(bytes[0].into());
                1
            } else if self.block > 0 {
                self.rewrite_block(bytes)
            } else {
                self.take_head(bytes[0]);
                1
            };
            bytes = &mut bytes[taken..];
        }
    }

    fn take_head(&mut self, byte: u8) {
        self.head[self.head_len] = byte;
        self.head_len += 1;
        if self.head_len < HEAD_LEN {
            return;
        }
        self.head_len = 0;
        let [a, b, c, kind, flags, ..] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        match kind {
            HEADERS => {
                self.fields = Fields::default();
                self.priority = if flags & PRIORITY != 0 { PRIORITY_LEN } else { 0 };
                self.block = length.saturating_sub(self.priority);
                self.is_padded = flags & PADDED != 0 && length > 0;
                self.skip = if self.is_padded { 0 } else { self.priority.min(length) };
            }
            CONTINUATION => self.block = length,
            _ => self.skip = length,
        }
    }

    fn begin_padded(&mut self, padding: usize) {
        self.is_padded = false;
        self.block = self.block.saturating_sub(1 + padding);
        self.padding = padding;
        self.skip = self.priority;
        if self.block == 0 {
            self.skip += std::mem::take(&mut self.padding);
        }
    }

    fn rewrite_block(&mut self, bytes: &mut [u8]) -> usize {
        let taken = self.block.min(bytes.len());
        for byte in &mut bytes[..taken] {
            self.fields.rewrite(byte);
        }
        self.block -= taken;
        if self.block == 0 {
            self.skip = std::mem::take(&mut self.padding);
        }
        taken
    }
}

/// Follows the fields of a header block (RFC 7541 section 6), byte by byte.
#[derive(Default)]
struct Fields {
    at: At,
    is_authority: bool,
    /// Bytes of the name so far, while they are those of `NAME`.
    name_len: Option<usize>,
}

#[derive(Clone, Copy, Default)]
enum At {
    /// The first byte of a field.
    #[default]
    Field,
    /// The rest of a number in front of these.
    Number(Part),
    /// The first byte of a text's length.
    Length(Text),
    /// The rest of it.
    MoreLength { text: Text, is_plain: bool, length: usize, shift: u32 },
    /// Bytes of a text, so many.
    Text { text: Text, is_plain: bool, left: usize },
}

/// What follows a number.
#[derive(Clone, Copy)]
enum Part {
    Field,
    Text(Text),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Name,
    Value,
}

impl Fields {
    fn rewrite(&mut self, byte: &mut u8) {
        self.at = match self.at {
            At::Field => self.begin_field(*byte),
            At::Number(part) if *byte & 0x80 != 0 => At::Number(part),
            At::Number(part) => after(part),
            At::Length(text) => {
                let (is_plain, length) = (*byte & 0x80 == 0, usize::from(*byte & 0x7f));
                match length {
                    0x7f => At::MoreLength { text, is_plain, length, shift: 0 },
                    _ => self.begin_text(text, is_plain, length),
                }
            }
            At::MoreLength { text, is_plain, length, shift } => {
                let more = usize::from(*byte & 0x7f).checked_shl(shift).unwrap_or(0);
                let length = length.saturating_add(more);
                match *byte & 0x80 {
                    0 => self.begin_text(text, is_plain, length),
                    _ => At::MoreLength { text, is_plain, length, shift: shift.saturating_add(7) },
                }
            }
            At::Text { text, is_plain, left } => {
                self.rewrite_text(text, is_plain, byte);
                match left {
                    1 => self.end_text(text),
                    _ => At::Text { text, is_plain, left: left - 1 },
                }
            }
        };
    }

    fn begin_field(&mut self, byte: u8) -> At {
        let (mask, is_literal) = match byte {
            0x80.. => (0x7f, false),
            0x40.. => (0x3f, true),
            0x20.. => (0x1f, false),
            _ => (0x0f, true),
        };
        let index = byte & mask;
        self.is_authority = is_literal && index == NAME_INDEX;
        let next = match (is_literal, index) {
            (false, _) => Part::Field,
            (true, 0) => Part::Text(Text::Name),
            (true, _) => Part::Text(Text::Value),
        };
        if index == mask { At::Number(next) } else { after(next) }
    }

    fn begin_text(&mut self, text: Text, is_plain: bool, length: usize) -> At {
        if text == Text::Name {
            self.name_len = (is_plain && length == NAME.len()).then_some(0);
        }
        match length {
            0 => self.end_text(text),
            left => At::Text { text, is_plain, left },
        }
    }

    fn rewrite_text(&mut self, text: Text, is_plain: bool, byte: &mut u8) {
        match text {
            Text::Name => self.name_len = self.name_len.filter(|at| NAME[*at] == *byte).map(|at| at + 1),
            Text::Value if self.is_authority && is_plain && *byte == b'%' => *byte = b'-',
            Text::Value => {}
        }
    }

    fn end_text(&mut self, text: Text) -> At {
        match text {
            Text::Name => {
                self.is_authority = self.name_len == Some(NAME.len());
                At::Length(Text::Value)
            }
            Text::Value => At::Field,
        }
    }
}

fn after(part: Part) -> At {
    match part {
        Part::Field => At::Field,
        Part::Text(text) => At::Length(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(payload);
        frame
    }

    fn text(text: &str) -> Vec<u8> {
        let mut coded = match text.len() {
            length @ 0..0x7f => vec![length as u8],
            length => vec![0x7f, (length - 0x7f) as u8],
        };
        coded.extend(text.as_bytes());
        coded
    }

    /// A field of each form around two ways to write the authority.
    fn block(authority: &str, long: &str) -> Vec<u8> {
        let name = text(":authority");
        let parts = [
            &[0x83, 0xff, 0x01, 0x3f, 0x02][..], // indexed fields, a new size of the table
            &[0x44],
            &text("/a%2F"),
            &[0x7f, 0x00],
            &text("x%y"), // other names by number
            &[0x41],
            &text(authority),
            &[0x40],
            &name,
            &text(long), // the authority by number and by name
            &[0x00],
            &text(":authoritx"),
            &text("%"),
            &[0x10],
            &text(""),
            &text("a%b"),
            &[0x01, 0x82, b'%', b'%'], // in Huffman code
        ];
        parts.concat()
    }

    fn connection(authority: &str, long: &str) -> Vec<u8> {
        let block = block(authority, long);
        let (first, rest) = block.split_at(30);
        let padded = [&[3, 0, 0, 0, 0, 9][..], &block, b"%%%"].concat();
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, &[0, 3, 0, 0, 0, b'%']),
            frame(HEADERS, 0, first),
            frame(CONTINUATION, 4, rest),
            frame(0, 1, b"\x41\x03a%b"),
            frame(HEADERS, 4 | PADDED | PRIORITY, &padded),
            frame(HEADERS, 4, &block),
        ]
        .concat()
    }

    #[test]
    fn only_the_authority_changes_however_it_comes() {
        let long = "tmp%2F".repeat(30);
        let sent = connection("tmp%2Fg.sock", &long);
        let want = connection("tmp-2Fg.sock", &long.replace('%', "-"));
        for size in [1, 2, 3, 7, 64, sent.len()] {
            let (mut filter, mut got) = (AuthorityFilter::new(), sent.clone());
            for piece in got.chunks_mut(size) {
                filter.rewrite(piece);
            }
            assert_eq!(got, want, "in pieces of {size}");
        }
    }

    #[test]
    fn malformed_input_is_passed_on() {
        for seed in 0..200_u32 {
            let mut bytes: Vec<u8> = (0..2000_u32).map(|at| (at.wrapping_mul(seed * 2 + 1) >> 3) as u8).collect();
            bytes[24 + 3] = HEADERS;
            AuthorityFilter::new().rewrite(&mut bytes);
        }
    }
}
