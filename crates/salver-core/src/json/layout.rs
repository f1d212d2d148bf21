//! Lists of an answer, with the white space that the protocol's answers have.

use smallvec::SmallVec;

/// Levels beyond this are not indented further: white space must not outgrow the values it stands between.
const MAX_INDENTED_LEVELS: usize = 32;

/// How list members are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// All on one line.
    Inline,
    /// Each on its own line.
    Lines,
}

/// Where a value stands in the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) style: Style,
    /// Containers around the value.
    pub(super) level: usize,
}

/// Appends a new line with the indent of a member inside `level` containers.
#[inline]
pub(super) fn write_line(level: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 4 * level.min(MAX_INDENTED_LEVELS), b' ');
}

impl Place {
    fn open(self, depth: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        if self.style == Style::Lines {
            write_line(self.level + depth + 1, out);
        }
    }

    #[inline]
    fn separate(self, depth: usize, out: &mut Vec<u8>) {
        match self.style {
            Style::Inline => out.extend_from_slice(b", "),
            Style::Lines => {
                out.push(b',');
                write_line(self.level + depth + 1, out);
            }
        }
    }

    fn close(self, depth: usize, out: &mut Vec<u8>) {
        if self.style == Style::Lines {
            write_line(self.level + depth, out);
        }
        out.push(b']');
    }

    /// Appends nested lists of `shape`, or a bare element where it is empty. `element` is called once per element, in
    /// order, and appends it.
    pub(super) fn write(self, shape: &[i64], out: &mut Vec<u8>, mut element: impl FnMut(&mut Vec<u8>)) {
        // A dimension of zero has no members that could show the dimensions after it.
        let depth = shape.iter().position(|&dim| dim == 0).map_or(shape.len(), |zero| zero + 1);
        let Some((&inner, outer)) = shape[..depth].split_last() else { return element(out) };
        let mut counts: SmallVec<[i64; 8]> = SmallVec::from_elem(0, outer.len());
        let mut reopened = 0;
        loop {
            (reopened..outer.len()).for_each(|depth| self.open(depth, out));
            self.write_innermost(inner, outer.len(), out, &mut element);
            match self.step(outer, &mut counts, out) {
                Some(depth) => reopened = depth + 1,
                None => return,
            }
        }
    }

    #[inline]
    fn write_innermost(self, length: i64, depth: usize, out: &mut Vec<u8>, element: &mut impl FnMut(&mut Vec<u8>)) {
        if length == 0 {
            return out.extend_from_slice(b"[]");
        }
        self.open(depth, out);
        element(out);
        for _ in 1..length {
            self.separate(depth, out);
            element(out);
        }
        self.close(depth, out);
    }

    /// Closes the lists that are complete; gives the depth of the innermost one that is not, separator written.
    fn step(self, outer: &[i64], counts: &mut [i64], out: &mut Vec<u8>) -> Option<usize> {
        for depth in (0..outer.len()).rev() {
            counts[depth] += 1;
            if counts[depth] < outer[depth] {
                self.separate(depth, out);
                return Some(depth);
            }
            counts[depth] = 0;
            self.close(depth, out);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(style: Style, shape: &[i64]) -> String {
        let (mut out, mut next) = (Vec::new(), 0);
        Place { style, level: 0 }.write(shape, &mut out, |out| {
            out.extend_from_slice(format!("{next}").as_bytes());
            next += 1;
        });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn inline_lists_stay_on_one_line() {
        for (shape, want) in [
            (&[][..], "0"),
            (&[0], "[]"),
            (&[0, 3], "[]"),
            (&[2, 0, 3], "[[], []]"),
            (&[3], "[0, 1, 2]"),
            (&[2, 1, 2], "[[[0, 1]], [[2, 3]]]"),
            (&[1, 2, 2], "[[[0, 1], [2, 3]]]"),
        ] {
            assert_eq!(write(Style::Inline, shape), want, "{shape:?}");
        }
    }

    #[test]
    fn members_on_lines_are_indented_by_depth() {
        assert_eq!(write(Style::Lines, &[1, 2]), "[\n    [\n        0,\n        1\n    ]\n]");
        assert_eq!(write(Style::Lines, &[2, 0]), "[\n    [],\n    []\n]");
        assert_eq!(write(Style::Lines, &[0, 2]), "[]");
    }

    #[test]
    fn deep_lists_stay_proportional() {
        let text = write(Style::Lines, &vec![1; 10_000]);
        assert!(text.len() < 10_000 * 2 * (2 + 4 * MAX_INDENTED_LEVELS));
    }
}
