//! The dirty bitmap of a copy.

use std::ops::Range;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::error::Error;
use crate::image::dirty_bitmaps::bits::Bits;

/// The largest number of units of a bitmap: 128 TiB in units of 64 KiB. The bits take at most
/// 256 MiB of memory, and hardly any where long ranges are dirty or clean.
/// QEMU has no limit, and aborts if it runs out of memory.
const UNITS_MAX: u64 = 1 << 31;

/// The units of a source that may differ from the target.
///
/// The copy takes dirty units out of the bitmap and copies them. Writers to the source mark units
/// as dirty, or lock them for the time of a write, so that a unit of the target is not written
/// concurrently.
#[derive(Debug)]
pub struct DirtyBitmap {
    length: u64,
    granularity: u64,
    state: Mutex<State>,
    /// Notified when units are released.
    released: Condvar,
    /// Notified when units become dirty.
    marked: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The dirty units.
    dirty: Bits,
    /// The units that the copy has taken.
    in_flight: Vec<Range<u64>>,
    /// The units that writers have locked.
    locked: Vec<Range<u64>>,
}

impl DirtyBitmap {
    /// A clean bitmap for a source of `length` bytes, in units of `granularity` bytes, a power of
    /// two.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there are too many units; ENOMEM.
    pub fn new(length: u64, granularity: u64) -> Result<Self, Error> {
        let units = length.div_ceil(granularity);
        if units > UNITS_MAX {
            return Err(Error::InvalidOption(format!(
                "The image is too large for a granularity of {granularity} bytes"
            )));
        }
        let state = State::default();
        let (state, released, marked) = (Mutex::new(state), Condvar::new(), Notify::new());
        Ok(DirtyBitmap { length, granularity, state, released, marked })
    }

    /// The size of a unit in bytes.
    pub fn granularity(&self) -> u64 {
        self.granularity
    }

    /// The size of the source in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Marks all units that a range touches as dirty.
    pub fn mark(&self, offset: u64, length: u64) {
        let units = self.units(&(offset..offset.saturating_add(length)));
        self.state.lock().dirty.set(units);
        self.marked.notify_one();
    }

    /// Waits until units are marked. Returns at once if some were marked since the last call.
    pub async fn marked(&self) {
        self.marked.notified().await;
    }

    /// Whether no unit is dirty, taken or locked.
    pub fn is_clean(&self) -> bool {
        let state = self.state.lock();
        state.dirty.count() == 0 && state.in_flight.is_empty() && state.locked.is_empty()
    }

    /// The number of bytes that are dirty or being copied.
    pub fn outstanding(&self) -> u64 {
        let state = self.state.lock();
        let mut bytes = state.dirty.count() * self.granularity;
        let units = self.length.div_ceil(self.granularity);
        if units > 0 && state.dirty.next_set(units - 1, units).is_some() {
            bytes -= units * self.granularity - self.length;
        }
        let taken = state.in_flight.iter().map(|units| self.bytes(units));
        bytes + taken.map(|range| range.end - range.start).sum::<u64>()
    }

    /// Locks the units that a range touches, once neither the copy nor another writer uses them.
    /// Blocks the thread.
    pub fn lock_range(&self, offset: u64, length: u64) -> RangeGuard<'_> {
        let units = self.units(&(offset..offset.saturating_add(length)));
        let mut state = self.state.lock();
        while state.is_used(&units) {
            self.released.wait(&mut state);
        }
        state.locked.push(units.clone());
        RangeGuard { bitmap: self, units }
    }

    /// The dirty ranges, without those that the copy has taken.
    pub(super) fn dirty(&self) -> impl Iterator<Item = Range<u64>> {
        let end = self.length.div_ceil(self.granularity);
        let mut at = 0;
        std::iter::from_fn(move || {
            let units = self.state.lock().dirty.next_range(at, end)?;
            at = units.end;
            Some(self.bytes(&units))
        })
    }

    /// Whether any unit is dirty.
    pub(super) fn has_dirty(&self) -> bool {
        self.state.lock().dirty.count() > 0
    }

    /// Takes the first dirty units at or after `from`. If there are none, the search continues at
    /// the beginning. The result has at most `most` bytes, and no units that are locked, taken or
    /// in `delayed`.
    pub(super) fn take(
        &self,
        from: u64,
        most: u64,
        delayed: &[Range<u64>],
    ) -> Option<Range<u64>> {
        let most = (most / self.granularity).max(1);
        let delayed: Vec<_> = delayed.iter().map(|range| self.units(range)).collect();
        let (from, units) = (from / self.granularity, self.length.div_ceil(self.granularity));
        let mut state = self.state.lock();
        let found = state
            .find(from..units, most, &delayed)
            .or_else(|| state.find(0..from.min(units), most, &delayed))?;
        state.dirty.clear(found.clone());
        state.in_flight.push(found.clone());
        Some(self.bytes(&found))
    }

    /// Takes the dirty units that follow a taken range, up to `most`. The first one that is clean,
    /// locked, taken or in `delayed` ends them. Returns the end of the range.
    pub(super) fn take_more(&self, taken: &Range<u64>, most: u64, delayed: &[Range<u64>]) -> u64 {
        let units = self.units(&(taken.end..most));
        let delayed: Vec<_> = delayed.iter().map(|range| self.units(range)).collect();
        let mut state = self.state.lock();
        let found = state.find(units.clone(), u64::MAX, &delayed);
        let Some(found) = found.filter(|found| found.start == units.start) else {
            return taken.end;
        };
        state.dirty.clear(found.clone());
        state.extend_in_flight(found.start, found.end);
        self.bytes(&found).end
    }

    /// Releases a part of a range that was taken.
    pub(super) fn release(&self, range: &Range<u64>) {
        let units = self.units(range);
        self.state.lock().remove_in_flight(&units);
        self.released.notify_all();
    }

    /// Releases a part of a range that was taken, and marks it as dirty again.
    pub(super) fn return_dirty(&self, range: &Range<u64>) {
        let units = self.units(range);
        let mut state = self.state.lock();
        state.dirty.set(units.clone());
        state.remove_in_flight(&units);
        self.released.notify_all();
    }

    /// The units that a range of bytes touches.
    fn units(&self, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(self.length);
        if range.start >= end {
            return 0..0;
        }
        range.start / self.granularity..end.div_ceil(self.granularity)
    }

    fn bytes(&self, units: &Range<u64>) -> Range<u64> {
        units.start * self.granularity..(units.end * self.granularity).min(self.length)
    }
}

/// Units that a writer has locked. They are unlocked when this is dropped.
#[derive(Debug)]
#[must_use = "the units are unlocked when this is dropped"]
pub struct RangeGuard<'a> {
    bitmap: &'a DirtyBitmap,
    units: Range<u64>,
}

impl RangeGuard<'_> {
    /// The dirty ranges of the units, in bytes.
    pub fn dirty(&self) -> Vec<Range<u64>> {
        let (bitmap, state) = (self.bitmap, self.bitmap.state.lock());
        let mut found = Vec::new();
        let mut at = self.units.start;
        while let Some(units) = state.dirty.next_range(at, self.units.end) {
            at = units.end;
            found.push(bitmap.bytes(&units));
        }
        found
    }

    /// Marks the units as clean that lie entirely within a copied range.
    pub fn clean(&self, offset: u64, length: u64) {
        let bitmap = self.bitmap;
        let end = offset.saturating_add(length);
        let first = offset.div_ceil(bitmap.granularity);
        let past = if end >= bitmap.length { self.units.end } else { end / bitmap.granularity };
        if first < past {
            bitmap.state.lock().dirty.clear(first..past);
        }
    }
}

impl Drop for RangeGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.bitmap.state.lock();
        if let Some(position) = state.locked.iter().position(|units| *units == self.units) {
            state.locked.swap_remove(position);
        }
        self.bitmap.released.notify_all();
    }
}

impl State {
    /// The first dirty units that are not locked, taken or delayed.
    fn find(&self, within: Range<u64>, most: u64, delayed: &[Range<u64>]) -> Option<Range<u64>> {
        let used = || self.in_flight.iter().chain(&self.locked).chain(delayed);
        let mut at = within.start;
        loop {
            at = self.dirty.next_set(at, within.end)?;
            match used().find(|units| units.contains(&at)) {
                Some(units) => at = units.end,
                None => break,
            }
        }
        let limit = within.end.min(at.saturating_add(most));
        let limit = used().map(|u| u.start).filter(|s| *s > at).fold(limit, u64::min);
        Some(at..self.dirty.next_clear(at, limit).unwrap_or(limit))
    }

    fn is_used(&self, units: &Range<u64>) -> bool {
        let overlaps = |used: &Range<u64>| used.start < units.end && units.start < used.end;
        self.in_flight.iter().chain(&self.locked).any(overlaps)
    }

    /// Adds units to the taken range that ends where they begin.
    fn extend_in_flight(&mut self, start: u64, end: u64) {
        if let Some(taken) = self.in_flight.iter_mut().find(|taken| taken.end == start) {
            taken.end = end;
        }
    }

    /// Removes units from the beginning or the end of a taken range.
    fn remove_in_flight(&mut self, units: &Range<u64>) {
        for taken in &mut self.in_flight {
            if taken.start == units.start && taken.contains(&units.start) {
                taken.start = units.end;
            } else if taken.end == units.end && taken.contains(&units.start) {
                taken.end = units.start;
            }
        }
        self.in_flight.retain(|taken| taken.start < taken.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: u64 = 512;

    fn bitmap(length: u64) -> DirtyBitmap {
        DirtyBitmap::new(length, UNIT).expect("it is small")
    }

    #[test]
    fn marked_ranges_are_taken_as_whole_units_up_to_the_end() {
        let bitmap = bitmap(100 * UNIT + 10);
        bitmap.mark(1, 1);
        bitmap.mark(63 * UNIT, 3 * UNIT);
        bitmap.mark(100 * UNIT + 5, u64::MAX);
        assert_eq!(bitmap.outstanding(), 4 * UNIT + 10);
        assert_eq!(bitmap.take(0, UNIT, &[]), Some(0..UNIT));
        assert_eq!(bitmap.take(UNIT, 2 * UNIT, &[]), Some(63 * UNIT..65 * UNIT));
        let delayed = 65 * UNIT..66 * UNIT;
        let last = 100 * UNIT..100 * UNIT + 10;
        assert_eq!(bitmap.take(0, 1, std::slice::from_ref(&delayed)), Some(last));
        assert_eq!(bitmap.outstanding(), 4 * UNIT + 10, "taken units are outstanding");
        assert_eq!(bitmap.take(99 * UNIT, UNIT, &[]), Some(65 * UNIT..66 * UNIT), "wraps around");
        assert_eq!(bitmap.take(0, UNIT, &[]), None);
        assert!(!bitmap.is_clean());
        for taken in [0..UNIT, 63 * UNIT..65 * UNIT, 65 * UNIT..66 * UNIT] {
            bitmap.release(&taken);
        }
        bitmap.return_dirty(&(100 * UNIT..100 * UNIT + 10));
        assert_eq!((bitmap.outstanding(), bitmap.is_clean()), (10, false));
    }

    #[test]
    fn taken_units_are_not_taken_again_even_if_they_are_marked() {
        let bitmap = bitmap(4 * UNIT);
        bitmap.mark(0, 4 * UNIT);
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(0..4 * UNIT));
        bitmap.return_dirty(&(2 * UNIT..4 * UNIT));
        bitmap.mark(0, UNIT);
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(2 * UNIT..4 * UNIT));
        bitmap.release(&(0..2 * UNIT));
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(0..UNIT));
    }

    #[test]
    fn a_taken_range_grows_up_to_the_next_unit_that_is_not_free() {
        let bitmap = bitmap(200 * UNIT);
        bitmap.mark(0, 100 * UNIT);
        bitmap.mark(101 * UNIT, 99 * UNIT);
        let mut taken = bitmap.take(0, UNIT, &[]).expect("it is dirty");
        let delayed = 80 * UNIT..81 * UNIT;
        for (most, end) in [(1, 1), (70, 70), (90, 80)] {
            taken.end = bitmap.take_more(&taken, most * UNIT, std::slice::from_ref(&delayed));
            assert_eq!(taken.end, end * UNIT);
        }
        assert_eq!(bitmap.take_more(&taken, 150 * UNIT, &[]), 100 * UNIT);
        bitmap.return_dirty(&(90 * UNIT..100 * UNIT));
        bitmap.release(&(0..90 * UNIT));
        assert_eq!(bitmap.take(0, u64::MAX, &[]), Some(90 * UNIT..100 * UNIT));
    }

    #[test]
    fn a_locked_range_excludes_the_copy_and_waits_for_it() {
        let bitmap = bitmap(4 * UNIT);
        bitmap.mark(0, 4 * UNIT);
        let guard = bitmap.lock_range(UNIT, UNIT + 1);
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(0..UNIT));
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(3 * UNIT..4 * UNIT));
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), None);
        guard.clean(UNIT, UNIT + 1);
        drop(guard);
        assert_eq!(bitmap.take(0, 4 * UNIT, &[]), Some(2 * UNIT..3 * UNIT), "written in part");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| drop(bitmap.lock_range(0, UNIT)));
            bitmap.release(&(0..UNIT));
            waits.join().expect("the range is locked");
        });
    }

    #[test]
    fn there_are_no_more_units_than_the_limit() {
        let length = UNITS_MAX * UNIT;
        let refused = DirtyBitmap::new(length + 1, UNIT).expect_err("too large").to_string();
        assert_eq!(refused, "The image is too large for a granularity of 512 bytes");
        // The system allocates the memory when it is first touched.
        let bitmap = DirtyBitmap::new(length, UNIT).expect("at the limit");
        bitmap.mark(length - 1, 1);
        assert_eq!(bitmap.take(0, UNIT, &[]), Some(length - UNIT..length));
    }
}
