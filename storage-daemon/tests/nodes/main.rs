//! The layers below QMP: graph, images, locks, creation and copying, through their public faces.

mod blkdebug;
mod chains;
mod copy;
mod create;
mod formats;
mod graph;
mod images;
mod locks;
mod mirror;
mod options;
mod point_in_time;
mod reopen;
mod reopened_options;
mod support;
mod writes;
