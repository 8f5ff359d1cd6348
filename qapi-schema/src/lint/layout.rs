//! Lints for the layout of files.

use super::Remark;
use crate::schema::Schema;
use crate::source::Span;

/// The number of columns to which QEMU's schema files keep.
const COLUMNS: usize = 70;

/// Lines of more than [`COLUMNS`].
pub(super) fn long_line(schema: &Schema) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (file, source) in (0..).zip(schema.sources().files()) {
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let content = line.trim_end();
            if let Some((beyond, _)) = content.char_indices().nth(COLUMNS) {
                let (start, end) = (start + beyond, start + content.len());
                remarks.push(Remark {
                    place: Span { file, start: start as u32, end: end as u32 },
                    message: format!("the line has {} columns", content.chars().count()),
                    help: format!("break it before column {COLUMNS}"),
                });
            }
            start += line.len();
        }
    }
    remarks
}
