//! The bits of a bitmap in memory.

use std::collections::BTreeMap;

/// The size of a page in bytes. Pages without set bits take no memory.
const PAGE: usize = 4096;
const BITS_PER_PAGE: u64 = PAGE as u64 * 8;

/// The memory of a page without bits of its own, in bytes: its entry in the map.
const ENTRY: u64 = 64;

/// A set of bits, the lowest bit of the first byte first: the order in the image.
#[derive(Debug, Default)]
pub(super) struct Bits {
    pages: BTreeMap<u64, Page>,
    /// The number of set bits.
    set: u64,
    /// The number of mixed pages.
    mixed: u64,
}

/// A page with set bits.
#[derive(Debug)]
enum Page {
    /// All bits are set.
    Full,
    Mixed(Box<[u8; PAGE]>),
}

impl Bits {
    /// The number of set bits.
    pub(super) fn count(&self) -> u64 {
        self.set
    }

    /// The memory that the bits take, in bytes.
    pub(super) fn memory(&self) -> u64 {
        self.mixed * PAGE as u64 + self.pages.len() as u64 * ENTRY
    }

    /// Sets the bits from `first` up to `end`. Returns whether one of them was clear.
    pub(super) fn set(&mut self, first: u64, end: u64) -> bool {
        let before = self.set;
        let mut bit = first;
        while bit < end {
            let page_end = (bit / BITS_PER_PAGE + 1) * BITS_PER_PAGE;
            let stop = end.min(page_end);
            self.set_in_page(bit / BITS_PER_PAGE, bit % BITS_PER_PAGE, stop - bit);
            bit = stop;
        }
        self.set != before
    }

    fn set_in_page(&mut self, number: u64, first: u64, length: u64) {
        let page = self.pages.entry(number).or_insert_with(|| {
            self.mixed += 1;
            Page::Mixed(empty_page())
        });
        let Page::Mixed(bytes) = page else { return };
        self.set += set_in_page(bytes, first, length);
        if bytes.iter().all(|byte| *byte == 0xff) {
            *page = Page::Full;
            self.mixed -= 1;
        }
    }

    /// Clears the bits from `end` on.
    pub(super) fn truncate(&mut self, end: u64) {
        let whole = end / BITS_PER_PAGE;
        let mut cut = self.pages.split_off(&whole);
        if let Some(page) = cut.remove(&whole).filter(|_| !end.is_multiple_of(BITS_PER_PAGE)) {
            let mut bytes = match page {
                Page::Full => Box::new([0xff; PAGE]),
                Page::Mixed(bytes) => bytes,
            };
            let byte = (end % BITS_PER_PAGE / 8) as usize;
            bytes[byte] &= (1 << (end % 8)) - 1;
            bytes[byte + 1..].fill(0);
            self.pages.insert(whole, Page::Mixed(bytes));
        }
        let set_in = |page: &Page| match page {
            Page::Full => BITS_PER_PAGE,
            Page::Mixed(bytes) => count_ones(&**bytes),
        };
        self.set = self.pages.values().map(set_in).sum();
        self.mixed =
            self.pages.values().filter(|page| matches!(page, Page::Mixed(_))).count() as u64;
    }

    /// Copies the bytes from `offset` on, which is a multiple of the length of `bytes`.
    pub(super) fn copy_to(&self, offset: u64, bytes: &mut [u8]) {
        bytes.fill(0);
        let end = offset + bytes.len() as u64;
        let pages = offset / PAGE as u64..end.div_ceil(PAGE as u64);
        for (number, page) in self.pages.range(pages) {
            let start = number * PAGE as u64;
            let (from, to) = (start.max(offset), (start + PAGE as u64).min(end));
            let copy = &mut bytes[(from - offset) as usize..(to - offset) as usize];
            match page {
                Page::Full => copy.fill(0xff),
                Page::Mixed(page) => {
                    copy.copy_from_slice(&page[(from - start) as usize..(to - start) as usize]);
                }
            }
        }
    }

    /// Sets the bits of `bytes`, whose first byte is the byte `offset` of the bitmap. Bits from
    /// `bits` on are not part of the bitmap.
    pub(super) fn load(&mut self, offset: u64, bytes: &[u8], bits: u64) {
        for (byte, at) in bytes.iter().zip(offset..).filter(|(byte, _)| **byte != 0) {
            for bit in (0..8).filter(|bit| byte >> bit & 1 != 0).map(|bit| at * 8 + bit) {
                if bit < bits {
                    self.set(bit, bit + 1);
                }
            }
        }
    }
}

/// The number of set bits in bytes.
pub(super) fn count_ones(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
}

fn empty_page() -> Box<[u8; PAGE]> {
    Box::new([0; PAGE])
}

/// Sets bits of a page. Returns the number of bits that were clear.
fn set_in_page(page: &mut [u8; PAGE], first: u64, length: u64) -> u64 {
    let (mut bit, end) = (first, first + length);
    let mut changed = 0;
    while bit < end {
        let stop = end.min((bit / 8 + 1) * 8);
        let mask = (0xff_u8 << (bit % 8)) & (0xff_u8 >> (7 - (stop - 1) % 8));
        let byte = &mut page[(bit / 8) as usize];
        changed += u64::from((mask & !*byte).count_ones());
        *byte |= mask;
        bit = stop;
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_once_and_copied_in_the_order_of_the_image() {
        let mut bits = Bits::default();
        assert!(bits.set(3, 9));
        assert!(!bits.set(4, 9));
        assert!(bits.set(BITS_PER_PAGE - 2, BITS_PER_PAGE + 1));
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
        bits.set(0, 3 * BITS_PER_PAGE - 1);
        assert_eq!(bits.memory(), 3 * ENTRY + PAGE as u64);
        bits.set(3 * BITS_PER_PAGE - 1, 3 * BITS_PER_PAGE);
        assert_eq!((bits.memory(), bits.count()), (3 * ENTRY, 3 * BITS_PER_PAGE));
        assert!(!bits.set(5, 9));
        let mut bytes = [0; 4];
        bits.copy_to(PAGE as u64, &mut bytes);
        assert_eq!(bytes, [0xff; 4]);
        bits.truncate(BITS_PER_PAGE + 3);
        assert_eq!((bits.memory(), bits.count()), (2 * ENTRY + PAGE as u64, BITS_PER_PAGE + 3));
    }
}
