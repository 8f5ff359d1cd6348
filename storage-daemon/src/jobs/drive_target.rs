//! Targets that a client names by a file rather than by a node: opened for one job, and made
//! before if they are to be new.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use block::create::ImageCreate;
use block::error::Error;
use block::nodes::backing::chain;
use block::nodes::options::{
    BackingOption, CacheOptions, Child, DetectZeroes, Discard, DriverOptions,
};
use block::nodes::{Graph, Node, by_filename, host_path};
use qapi_core::Result;

use super::prepared_job::{CreatedFile, JobTarget};
use crate::schema::mirror::NewImageMode;

/// A target, as a client describes it.
#[derive(Debug)]
pub struct DriveTarget<'a> {
    /// The name of the file.
    pub filename: String,
    /// The format. A new image has the source's unless it is given; that of an existing one is
    /// guessed, unless the source has no format either.
    pub format: Option<String>,
    /// The name of the target's node, if it has one.
    pub node_name: Option<String>,
    /// Whether the image is there already.
    pub mode: NewImageMode,
    /// What is copied.
    pub source: &'a Arc<Node>,
    /// What the new image names as its backing file.
    pub backing: Option<Arc<Node>>,
    /// What shows through the target as long as the job runs.
    pub shows: TargetBacking,
    /// What becomes of requests to discard.
    pub discard: Discard,
    /// Whether zeroes that are written to it are detected.
    pub detect_zeroes: DetectZeroes,
}

/// What shows through a target where it has nothing of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetBacking {
    /// What the image names.
    Named,
    /// The source.
    Source,
    /// Nothing, whatever the image names.
    Nothing,
}

impl DriveTarget<'_> {
    /// Makes the image if it is to be new, and opens it. Blocks.
    ///
    /// # Errors
    /// The image cannot be made or opened; nothing is left of a new one then.
    pub fn open(self, graph: &Graph) -> Result<JobTarget> {
        let format = match self.mode {
            NewImageMode::Existing => {
                let none = || self.source.driver().is_protocol().then(|| "file".to_owned());
                self.format.clone().or_else(none)
            }
            NewImageMode::AbsolutePaths => {
                let own = || self.source.driver().name().to_owned();
                Some(self.format.clone().unwrap_or_else(own))
            }
        };
        let made = match (&format, self.mode) {
            (Some(format), NewImageMode::AbsolutePaths) => self.make(graph, format)?,
            (None, NewImageMode::AbsolutePaths) | (_, NewImageMode::Existing) => None,
        };
        let path = host_path(&self.filename)?.to_owned();
        let mut options = by_filename(path, format.as_deref())?.read_only(false);
        options.node_name = self.node_name;
        options.discard = Some(self.discard);
        options.detect_zeroes = Some(self.detect_zeroes);
        let cache = self.source.cache();
        options.cache =
            CacheOptions { direct: Some(cache.direct), no_flush: Some(cache.no_flush) };
        let name = options.driver.name();
        match (self.shows, &mut options.driver) {
            (TargetBacking::Named, _) => {}
            (TargetBacking::Source, DriverOptions::Qcow2(qcow2)) => {
                let source = Child::Reference(self.source.name().to_owned());
                qcow2.backing = BackingOption::Child(source);
            }
            (TargetBacking::Source, _) => return Err(Error::BackingNotSupported(name).into()),
            (TargetBacking::Nothing, DriverOptions::Qcow2(qcow2)) => {
                qcow2.backing = BackingOption::None;
            }
            (TargetBacking::Nothing, _) => {}
        }
        let opened = graph.borrow_child(Child::Inline(Box::new(options)))?;
        Ok(JobTarget::opened(opened, made))
    }

    /// Refuses to make a new image where the source or what shows through it is stored. QEMU finds
    /// it in use as well, but only when it is lost.
    fn spare_source(&self, graph: &Graph, target: &str) -> Result<()> {
        let identity = |path: &str| {
            std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let Some(target) = identity(target) else { return Ok(()) };
        for node in chain(self.source) {
            if identity(&graph.filename(&node)) == Some(target) {
                return Err(Error::ImageLocked { shared: "shared ", permission: "write" }.into());
            }
        }
        Ok(())
    }

    fn make(&self, graph: &Graph, format: &str) -> Result<Option<CreatedFile>> {
        if self.filename.starts_with("json:") {
            return Err(Error::InvalidOption("Unknown protocol 'json'".into()).into());
        }
        let backing = self.backing.as_ref();
        let image = ImageCreate {
            filename: host_path(&self.filename)?.to_owned(),
            format: format.to_owned(),
            size: self.source.size()?,
            backing: backing.map(|node| (graph.filename(node), node.driver().name().to_owned())),
        };
        image.check()?;
        self.spare_source(graph, &image.filename)?;
        let made = CreatedFile::planned(&image.filename);
        image.create(graph, &AtomicBool::new(false))?;
        Ok(made)
    }
}
