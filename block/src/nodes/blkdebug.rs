//! Opening blkdebug nodes.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use libc::O_NONBLOCK;
use parking_lot::RwLock;

use super::blkdebug_options::Blkdebug;
use super::driver::Driver;
use super::entry::Role;
use super::inherit::Settings;
use super::node::Node;
use super::open::{Opener, raw_image};
use crate::error::{Error, Result};
use crate::image::blkdebug::BlkdebugStorage;
use crate::image::blkdebug::rules::Rules;
use crate::image::storage::Storage;
use crate::options::{BlockdevOptionsBlkdebug, blkdebug_config};

impl Opener<'_> {
    pub(super) fn open_blkdebug(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsBlkdebug,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let blkdebug = Blkdebug::new(options)?;
        let rules = Rules::new(with_config(options)?.as_ref())?;
        // Listings show the child before the node, as the child is newer. So the name of the node
        // is reserved first.
        let name = self.name(name)?;
        let child = self.open_child(&options.image, common.for_file())?;
        self.attach(&name, Driver::Blkdebug, common, &child, Role::Image(blkdebug.access))?;
        let below = child.child_storage();
        let storage = Storage::from(Arc::clone(&below));
        // As in QEMU, where formats and filters accept requests of any alignment.
        let align = match child.driver() {
            driver if driver.is_protocol() => storage.request_alignment(),
            Driver::Blkdebug => storage.request_alignment(),
            _format => 1,
        };
        blkdebug.limits.check(align)?;
        let storage = BlkdebugStorage::new(storage, rules, blkdebug.limits);
        let image = raw_image(Storage::new(storage), common.raw_mode(Driver::Blkdebug));
        let mut node = Node::new(name, Driver::Blkdebug, settings, image);
        node.file = RwLock::new(Some(child));
        node.file_storage = Some(below);
        node.blkdebug = Some(blkdebug);
        Ok(self.insert(node))
    }
}

/// The largest file with rules. The header of an image may name any file.
const CONFIG_SIZE_MAX: u64 = 1 << 20;

/// The options with the rules of the file `config`, before the other rules.
fn with_config(options: &BlockdevOptionsBlkdebug) -> Result<Cow<'_, BlockdevOptionsBlkdebug>> {
    let Some(path) = &options.config else { return Ok(Cow::Borrowed(options)) };
    let config = blkdebug_config::parse(&read_config(path)?)?;
    let mut all = options.clone();
    let inject_error = config.inject_error.into_iter();
    all.inject_error =
        Some(inject_error.chain(options.inject_error.iter().flatten().copied()).collect());
    let set_state = config.set_state.into_iter();
    all.set_state = Some(set_state.chain(options.set_state.iter().flatten().copied()).collect());
    Ok(Cow::Owned(all))
}

fn read_config(path: &str) -> Result<String> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source| Error::While { what, source }
    };
    // Without the flag, opening a named pipe would wait for a writer.
    let opened = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path);
    let file = opened.map_err(failed("Could not read blkdebug config file"))?;
    let mut text = Vec::new();
    let read = file.take(CONFIG_SIZE_MAX + 1).read_to_end(&mut text);
    let length = read.map_err(failed("Cannot read config file"))?;
    if length as u64 > CONFIG_SIZE_MAX {
        let source = io::Error::from(io::ErrorKind::FileTooLarge);
        return Err(failed("Cannot read config file")(source));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
