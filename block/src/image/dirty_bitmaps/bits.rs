//! The bits of a bitmap in memory.

use std::collections::BTreeMap;
use std::ops::Range;

/// The size of a page in bytes. Pages without set bits take no memory.
pub(crate) const PAGE: usize = 4096;
const BITS_PER_PAGE: u64 = PAGE as u64 * 8;
const WORD: usize = 8;

/// The memory of a page without bits of its own, in bytes: its entry in the map.
const ENTRY: u64 = 64;

/// A set of bits, the lowest bit of the first byte first: the order in the image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    pages: BTreeMap<u64, Page>,
    /// The number of set bits.
    set: u64,
    /// The number of mixed pages.
    mixed: u64,
}

/// A page with set bits.
#[derive(Clone, Debug)]
enum Page {
    /// All bits are set.
    Full,
    Mixed {
        bytes: Box<[u8; PAGE]>,
        /// The number of set bits, which is neither 0 nor all.
        set: u64,
    },
}

impl Page {
    fn count(&self) -> u64 {
        match self {
            Page::Full => BITS_PER_PAGE,
            Page::Mixed { set, .. } => *set,
        }
    }

    fn is_mixed(&self) -> bool {
        matches!(self, Page::Mixed { .. })
    }

    /// The first bit from `from` on that is set, or clear.
    fn next(&self, from: u64, wanted: bool) -> Option<u64> {
        let Page::Mixed { bytes, .. } = self else { return wanted.then_some(from) };
        let first = from as usize / 64;
        let words = bytes.as_chunks::<WORD>().0.iter().enumerate().skip(first);
        for (number, word) in words {
            let word = u64::from_le_bytes(*word);
            let word = if wanted { word } else { !word };
            let skipped = if number == first { from % 64 } else { 0 };
            let rest = word >> skipped << skipped;
            if rest != 0 {
                return Some(number as u64 * 64 + u64::from(rest.trailing_zeros()));
            }
        }
        None
    }
}

impl Bits {
    /// The number of set bits.
    pub(crate) fn count(&self) -> u64 {
        self.set
    }

    /// The memory that the bits take, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.mixed * PAGE as u64 + self.pages.len() as u64 * ENTRY
    }

    /// Sets bits. Returns whether one of them was clear.
    pub(crate) fn set(&mut self, bits: Range<u64>) -> bool {
        let before = self.set;
        for (number, part) in pages_of(&bits) {
            self.set_in_page(number, part);
        }
        self.set != before
    }

    fn set_in_page(&mut self, number: u64, part: Range<u64>) {
        let (before, was_mixed) = self.pages.get(&number).map_or((0, false), measure);
        if before == BITS_PER_PAGE {
            return;
        }
        if part == (0..BITS_PER_PAGE) {
            self.pages.insert(number, Page::Full);
        } else {
            let page = self.pages.entry(number);
            let page = page.or_insert_with(|| Page::Mixed { bytes: empty_page(), set: 0 });
            if let Page::Mixed { bytes, set } = page {
                *set += change(bytes, part, true);
                if *set == BITS_PER_PAGE {
                    *page = Page::Full;
                }
            }
        }
        self.count_page(number, (before, was_mixed));
    }

    /// Clears bits. Returns whether one of them was set.
    pub(crate) fn clear(&mut self, bits: Range<u64>) -> bool {
        let before = self.set;
        let pages = bits.start / BITS_PER_PAGE..bits.end.div_ceil(BITS_PER_PAGE);
        let numbers: Vec<u64> = self.pages.range(pages).map(|(number, _)| *number).collect();
        for number in numbers {
            let start = number * BITS_PER_PAGE;
            let end = bits.end.min(start + BITS_PER_PAGE);
            self.clear_in_page(number, bits.start.max(start) - start..end - start);
        }
        self.set != before
    }

    fn clear_in_page(&mut self, number: u64, part: Range<u64>) {
        let Some(page) = self.pages.get_mut(&number) else { return };
        let before = measure(page);
        if let Page::Full = page {
            *page = Page::Mixed { bytes: Box::new([0xff; PAGE]), set: BITS_PER_PAGE };
        }
        if let Page::Mixed { bytes, set } = page {
            *set -= change(bytes, part, false);
            match *set {
                0 => drop(self.pages.remove(&number)),
                BITS_PER_PAGE => *page = Page::Full,
                _some => {}
            }
        }
        self.count_page(number, before);
    }

    /// Counts a page anew, which had so many bits before and was mixed or not.
    fn count_page(&mut self, number: u64, (set, was_mixed): (u64, bool)) {
        let (now, is_mixed) = self.pages.get(&number).map_or((0, false), measure);
        self.set = self.set - set + now;
        self.mixed = self.mixed - u64::from(was_mixed) + u64::from(is_mixed);
    }

    /// Clears the bits from `end` on.
    pub(crate) fn truncate(&mut self, end: u64) {
        self.clear(end..u64::MAX);
    }

    /// The first bit from `from` on, and before `end`, that is set.
    pub(crate) fn next_set(&self, from: u64, end: u64) -> Option<u64> {
        for (number, page) in self.pages.range(from / BITS_PER_PAGE..) {
            let start = number * BITS_PER_PAGE;
            if start >= end {
                break;
            }
            if let Some(found) = page.next(from.saturating_sub(start), true) {
                return Some(start + found).filter(|bit| *bit < end);
            }
        }
        None
    }

    /// The first bit from `from` on, and before `end`, that is clear.
    pub(crate) fn next_clear(&self, from: u64, end: u64) -> Option<u64> {
        let mut at = from;
        while at < end {
            let number = at / BITS_PER_PAGE;
            let start = number * BITS_PER_PAGE;
            let found = match self.pages.get(&number) {
                None => Some(at),
                Some(page) => page.next(at - start, false).map(|found| start + found),
            };
            match found {
                Some(bit) => return Some(bit).filter(|bit| *bit < end),
                None => at = start + BITS_PER_PAGE,
            }
        }
        None
    }

    /// The first range of set bits from `from` on, and before `end`.
    pub(crate) fn next_range(&self, from: u64, end: u64) -> Option<Range<u64>> {
        let first = self.next_set(from, end)?;
        Some(first..self.next_clear(first, end).unwrap_or(end))
    }

    /// The ranges of set bits before `end`.
    pub(crate) fn ranges(&self, end: u64) -> impl Iterator<Item = Range<u64>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let range = self.next_range(at, end)?;
            at = range.end;
            Some(range)
        })
    }

    /// Copies the bytes from `offset` on, which is a multiple of the length of `bytes`.
    pub(crate) fn copy_to(&self, offset: u64, bytes: &mut [u8]) {
        bytes.fill(0);
        let end = offset + bytes.len() as u64;
        let pages = offset / PAGE as u64..end.div_ceil(PAGE as u64);
        for (number, page) in self.pages.range(pages) {
            let start = number * PAGE as u64;
            let (from, to) = (start.max(offset), (start + PAGE as u64).min(end));
            let copy = &mut bytes[(from - offset) as usize..(to - offset) as usize];
            match page {
                Page::Full => copy.fill(0xff),
                Page::Mixed { bytes, .. } => {
                    copy.copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
                }
            }
        }
    }

    /// Sets the bits of `bytes`, whose first byte is the byte `offset` of the bitmap. Bits from
    /// `bits` on are not part of the bitmap.
    pub(crate) fn load(&mut self, offset: u64, bytes: &[u8], bits: u64) {
        for (byte, at) in bytes.iter().zip(offset..).filter(|(byte, _)| **byte != 0) {
            for bit in (0..8).filter(|bit| byte >> bit & 1 != 0).map(|bit| at * 8 + bit) {
                if bit < bits {
                    self.set(bit..bit + 1);
                }
            }
        }
    }
}

/// The number of set bits of a page, and whether it has bits of its own.
fn measure(page: &Page) -> (u64, bool) {
    (page.count(), page.is_mixed())
}

/// The numbers of the pages of a range of bits, with the bits of each, counted from its first.
fn pages_of(bits: &Range<u64>) -> impl Iterator<Item = (u64, Range<u64>)> {
    let Range { start, end } = *bits;
    let pages = start / BITS_PER_PAGE..end.div_ceil(BITS_PER_PAGE);
    pages.filter(move |_| start < end).map(move |number| {
        let first = number * BITS_PER_PAGE;
        (number, start.max(first) - first..end.min(first + BITS_PER_PAGE) - first)
    })
}

fn empty_page() -> Box<[u8; PAGE]> {
    Box::new([0; PAGE])
}

/// Sets or clears bits of a page. Returns the number of bits that changed.
fn change(page: &mut [u8; PAGE], bits: Range<u64>, value: bool) -> u64 {
    let Range { start: mut bit, end } = bits;
    let mut changed = 0;
    while bit < end {
        let stop = end.min((bit / 8 + 1) * 8);
        let mask = (0xff_u8 << (bit % 8)) & (0xff_u8 >> (7 - (stop - 1) % 8));
        let byte = &mut page[(bit / 8) as usize];
        let new = if value { *byte | mask } else { *byte & !mask };
        changed += u64::from((new ^ *byte).count_ones());
        *byte = new;
        bit = stop;
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(bits: &Bits) -> Vec<Range<u64>> {
        bits.ranges(u64::MAX).collect()
    }

    #[test]
    fn bits_are_counted_once_and_copied_in_the_order_of_the_image() {
        let mut bits = Bits::default();
        assert!(bits.set(3..9));
        assert!(!bits.set(4..9));
        assert!(bits.set(BITS_PER_PAGE - 2..BITS_PER_PAGE + 1));
        assert_eq!(bits.count(), 9);
        let mut bytes = [0xff; 2];
        bits.copy_to(0, &mut bytes);
        assert_eq!(bytes, [0b1111_1000, 1]);
        bits.copy_to(PAGE as u64, &mut bytes);
        assert_eq!(bytes, [1, 0]);
        let mut again = Bits::default();
        again.load(0, &[0b1111_1000, 0xff], 10);
        assert_eq!(again.count(), 7);
        bits.truncate(BITS_PER_PAGE - 1);
        assert_eq!(bits.count(), 7);
        bits.truncate(8);
        assert_eq!(bits.count(), 5);
        bits.truncate(0);
        assert_eq!(bits.count(), 0);
        assert_eq!(bits.memory(), 0);
    }

    #[test]
    fn pages_with_all_bits_take_little_memory() {
        let mut bits = Bits::default();
        bits.set(0..3 * BITS_PER_PAGE - 1);
        assert_eq!(bits.memory(), 3 * ENTRY + PAGE as u64);
        bits.set(3 * BITS_PER_PAGE - 1..3 * BITS_PER_PAGE);
        assert_eq!((bits.memory(), bits.count()), (3 * ENTRY, 3 * BITS_PER_PAGE));
        assert!(!bits.set(5..9));
        let mut bytes = [0; 4];
        bits.copy_to(PAGE as u64, &mut bytes);
        assert_eq!(bytes, [0xff; 4]);
        bits.truncate(BITS_PER_PAGE + 3);
        assert_eq!((bits.memory(), bits.count()), (2 * ENTRY + PAGE as u64, BITS_PER_PAGE + 3));
        assert!(bits.clear(BITS_PER_PAGE..BITS_PER_PAGE + 3));
        assert!(!bits.clear(BITS_PER_PAGE..BITS_PER_PAGE + 3));
        assert_eq!((bits.memory(), bits.count()), (ENTRY, BITS_PER_PAGE));
    }

    #[test]
    fn ranges_of_set_bits_are_found_across_pages() {
        let mut bits = Bits::default();
        let expected = [0..1, 63..65, BITS_PER_PAGE - 3..2 * BITS_PER_PAGE + 70];
        for range in &expected {
            bits.set(range.clone());
        }
        assert_eq!(ranges(&bits), expected);
        bits.clear(2 * BITS_PER_PAGE - 1..2 * BITS_PER_PAGE + 1);
        let split = [
            BITS_PER_PAGE - 3..2 * BITS_PER_PAGE - 1,
            2 * BITS_PER_PAGE + 1..2 * BITS_PER_PAGE + 70,
        ];
        assert_eq!(ranges(&bits)[2..], split);
        assert_eq!(bits.next_set(64, 65), Some(64));
        assert_eq!(bits.next_set(65, BITS_PER_PAGE - 3), None);
        assert_eq!(bits.next_clear(BITS_PER_PAGE, 2 * BITS_PER_PAGE - 1), None);
        assert_eq!(bits.next_clear(0, 9), Some(1));
        assert_eq!(bits.ranges(64).last(), Some(63..64));
    }
}
