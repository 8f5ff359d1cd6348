//! The node that a job writes to: an existing node, or an image that is opened for this job alone.
//! The image is created first if it is new.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use block::create::ImageCreate;
use block::error::Error;
use block::nodes::backing::chain;
use block::nodes::{BorrowedNode, Graph, Node, by_name, host_path};
use block::options::{
    BlockdevCacheOptions, BlockdevDetectZeroesOptions, BlockdevDiscardOptions,
    BlockdevDriverOptions, BlockdevOptions, BlockdevRefOrNull,
};
use qapi_core::Result;

use crate::schema::mirror::NewImageMode;

/// The node that a job writes to.
#[derive(Debug)]
pub struct JobTarget {
    node: Arc<Node>,
    /// Closes the node when the job ends, if the node was opened for the job.
    opened: Option<BorrowedNode>,
    created_file: Option<CreatedFile>,
}

impl JobTarget {
    /// A node that exists independently of the job.
    pub fn named(node: Arc<Node>) -> Self {
        Self { node, opened: None, created_file: None }
    }

    /// A node that was opened for the job, and the file if it was also created for the job.
    pub fn opened(opened: BorrowedNode, created_file: Option<CreatedFile>) -> Self {
        Self { node: Arc::clone(opened.node()), opened: Some(opened), created_file }
    }

    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The node to close when the job ends, and the file to remove if the job is not started.
    pub fn into_parts(self) -> (Option<BorrowedNode>, Option<CreatedFile>) {
        (self.opened, self.created_file)
    }
}

/// A file that is created for a job. Dropping this value removes the file.
#[derive(Debug)]
pub struct CreatedFile(PathBuf);

impl CreatedFile {
    /// A file that the caller is about to create. `None` if a file exists at `path`: an existing
    /// file must not be removed.
    pub fn planned(path: &str) -> Option<Self> {
        let path = Path::new(path);
        path.symlink_metadata().is_err().then(|| Self(path.to_owned()))
    }

    /// Drops this value without removing the file.
    pub fn persist(self) {
        std::mem::forget(self);
    }
}

impl Drop for CreatedFile {
    fn drop(&mut self) {
        // The file does not exist if creating it failed.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A target that a client names by file, as `drive-backup` and `drive-mirror` do.
#[derive(Debug)]
pub struct DriveTarget<'a> {
    /// The name of the file.
    pub filename: String,
    /// The format. The default for a new image is the source's driver. The default for an existing
    /// image is `file` if the source is a protocol node; otherwise, the format is probed.
    pub format: Option<String>,
    /// The name of the target's node.
    pub node_name: Option<String>,
    /// Whether the image exists or is created.
    pub mode: NewImageMode,
    /// The node that is copied.
    pub source: &'a Arc<Node>,
    /// The node whose image is the backing file of a new image.
    pub backing: Option<Arc<Node>>,
    /// The backing node with which the image is opened.
    pub opened_with: TargetBacking,
    /// How discard requests to the target are handled.
    pub discard: BlockdevDiscardOptions,
    /// How writes of zeroes to the target are handled.
    pub detect_zeroes: BlockdevDetectZeroesOptions,
}

/// The backing node with which a target is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetBacking {
    /// The backing file that the image names.
    FromHeader,
    /// The source of the job.
    Source,
    /// None, even if the image names a backing file.
    None,
}

impl DriveTarget<'_> {
    /// Creates the image if it is new, and opens it. Blocks.
    ///
    /// # Errors
    /// The image cannot be created or opened. After an error, a new file is removed.
    pub fn open(self, graph: &Graph) -> Result<JobTarget> {
        let format = match self.mode {
            NewImageMode::Existing => {
                let is_path = !self.filename.starts_with("json:");
                let is_file = is_path && self.source.driver().is_protocol();
                let file = || is_file.then(|| "file".to_owned());
                self.format.clone().or_else(file)
            }
            NewImageMode::AbsolutePaths => {
                let of_source = || self.source.driver().name().to_owned();
                Some(self.format.clone().unwrap_or_else(of_source))
            }
        };
        let created_file = match (&format, self.mode) {
            (Some(format), NewImageMode::AbsolutePaths) => self.create(graph, format)?,
            (None, NewImageMode::AbsolutePaths) | (_, NewImageMode::Existing) => None,
        };
        let options = self.blockdev_options(format.as_deref())?;
        let opened = graph.borrow_child(&options.into())?;
        Ok(JobTarget::opened(opened, created_file))
    }

    /// Creates the image. Returns the file if it did not exist before.
    fn create(&self, graph: &Graph, format: &str) -> Result<Option<CreatedFile>> {
        let backing = self.backing.as_ref();
        let image = ImageCreate {
            filename: host_path(&self.filename)?.to_owned(),
            format: format.to_owned(),
            size: self.source.size()?,
            backing: backing.map(|node| (node.filename(), node.driver().name().to_owned())),
        };
        image.check()?;
        self.check_not_source(&image.filename)?;
        let file = CreatedFile::planned(&image.filename);
        image.create(graph, &AtomicBool::new(false))?;
        Ok(file)
    }

    /// Refuses to overwrite an image of the source's backing chain. QEMU also refuses this, but
    /// only after it has truncated the image.
    fn check_not_source(&self, target: &str) -> Result<()> {
        let identity = |path: &str| {
            std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let Some(target) = identity(target) else { return Ok(()) };
        for node in chain(self.source) {
            if identity(&node.filename()) == Some(target) {
                return Err(Error::ImageLocked { shared: "shared ", permission: "write" }.into());
            }
        }
        Ok(())
    }

    /// The options with which the image is opened.
    fn blockdev_options(self, format: Option<&str>) -> Result<BlockdevOptions> {
        let mut options = by_name(&self.filename, format)?.read_only(false);
        options.node_name = self.node_name;
        options.discard = Some(self.discard);
        options.detect_zeroes = Some(self.detect_zeroes);
        let cache = self.source.cache();
        options.cache = Some(BlockdevCacheOptions {
            direct: Some(cache.direct),
            no_flush: Some(cache.no_flush),
        });
        let driver = options.driver.driver().as_str();
        match (self.opened_with, &mut options.driver) {
            (TargetBacking::FromHeader, _) => {}
            (TargetBacking::Source, BlockdevDriverOptions::Qcow2(qcow2)) => {
                let source = self.source.name().to_owned();
                qcow2.format.backing = Some(BlockdevRefOrNull::Reference(source));
            }
            (TargetBacking::Source, _) => return Err(Error::BackingNotSupported(driver).into()),
            (TargetBacking::None, BlockdevDriverOptions::Qcow2(qcow2)) => {
                qcow2.format.backing = Some(BlockdevRefOrNull::NONE);
            }
            (TargetBacking::None, _) => {}
        }
        Ok(options)
    }
}
