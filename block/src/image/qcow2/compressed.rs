//! Writes of compressed clusters.

use std::io;

use super::engine::Engine;
use super::{Header, Qcow2Image, Qcow2Mode};
use crate::image::extent::{check_range, not_permitted};

impl Qcow2Image {
    /// Writes whole clusters, compressed if that makes them smaller. The last cluster may be cut
    /// off by the end of the image.
    pub(crate) fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.prepare_to_compress()?;
        let opened = self.opened.read();
        let engine = opened.writable_engine()?;
        check_range(offset, data.len() as u64, engine.size())?;
        let Engine::Clusters(clusters) = engine else { return Err(not_permitted()) };
        let cluster = self.header().cluster_size();
        let mut at = offset;
        for piece in data.chunks(cluster as usize) {
            clusters.write_compressed(at, piece, |event| self.emit(event))?;
            at += cluster;
        }
        Ok(())
    }

    /// Switches from the image library, which does not compress, to the other engine.
    fn prepare_to_compress(&self) -> io::Result<()> {
        if !matches!(self.opened.read().engine()?, Engine::Library(_)) {
            return Ok(());
        }
        let mut opened = self.opened.write();
        if let Engine::Library(library) = opened.writable_engine()? {
            library.flush()?;
            let mode = Qcow2Mode { compresses: true, ..opened.mode.clone() };
            let engine = Header::read(&self.storage, true)
                .and_then(|header| Engine::open(&self.storage, &header, &mode));
            // The library gets no further request.
            opened.engine = Some(engine.map_err(io::Error::other)?);
            opened.mode = mode;
        }
        Ok(())
    }
}
