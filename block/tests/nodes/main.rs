//! The layers below QMP: graph, images, locks, creation and copying, through their public faces.

mod blkdebug;
mod copy;
mod create;
mod formats;
mod graph;
mod images;
mod locks;
mod options;
mod point_in_time;
mod reopen;
mod reopened_options;
mod slow_images;
mod support;
mod writes;
