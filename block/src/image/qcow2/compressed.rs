//! Writes of compressed clusters.

use std::io;

use super::Qcow2Image;

impl Qcow2Image {
    /// Writes whole clusters, compressed if that makes them smaller. The last cluster may be cut
    /// off by the end of the image.
    pub(crate) fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.modify(offset, data.len() as u64, |engine| {
            let cluster = engine.cluster_size();
            let mut at = offset;
            for piece in data.chunks(cluster as usize) {
                engine.write_compressed(at, piece, |event| self.emit(event))?;
                at += cluster;
            }
            Ok(())
        })
    }
}
