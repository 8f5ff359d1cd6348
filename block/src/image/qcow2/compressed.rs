//! Writing compressed clusters.

use super::layer::Layer;
use super::{Header, Qcow2Image, Qcow2Mode};
use crate::image::{check_range, not_permitted};
use std::io;

impl Qcow2Image {
    /// Writes whole clusters, compressed where that makes them smaller. The last one may be cut
    /// off by the end of the image.
    pub(in crate::image) fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.prepare_to_compress()?;
        let opened = self.opened.read();
        let layer = opened.writable_layer()?;
        check_range(offset, data.len() as u64, layer.size())?;
        let Layer::Clusters(clusters) = layer else { return Err(not_permitted()) };
        let cluster = self.header().cluster_size();
        let mut at = offset;
        for piece in data.chunks(cluster as usize) {
            clusters.write_compressed(at, piece, |event| self.tell(event))?;
            at += cluster;
        }
        Ok(())
    }

    /// Takes the image over from the library, which cannot compress.
    fn prepare_to_compress(&self) -> io::Result<()> {
        if !matches!(self.opened.read().layer()?, Layer::Library(_)) {
            return Ok(());
        }
        let mut opened = self.opened.write();
        if let Layer::Library(library) = opened.writable_layer()? {
            library.flush()?;
            let mode = Qcow2Mode { compresses: true, ..opened.mode.clone() };
            let layer = Header::read(&self.storage, true)
                .and_then(|header| Layer::open(&self.storage, &header, &mode));
            // The library is not asked to do anything any more.
            opened.layer = Some(layer.map_err(io::Error::other)?);
            opened.mode = mode;
        }
        Ok(())
    }
}
