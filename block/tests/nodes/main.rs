//! Tests of the block layer through its public interfaces.
//!
//! | part | files |
//! |---|---|
//! | graph and permissions | `graph`, `slow_images`, `writes` |
//! | options and reopening | `options`, `reopen`, `reopened_options` |
//! | images and image locks | `headers`, `bitmaps`, `images`, `formats`, `locks`, `blkdebug` |
//! | creation of images | `create` |
//! | copies | `copy`, `point_in_time` |

mod bitmaps;
mod blkdebug;
mod copy;
mod create;
mod formats;
mod graph;
mod headers;
mod images;
mod locks;
mod options;
mod point_in_time;
mod reopen;
mod reopened_options;
mod slow_images;
mod support;
mod writes;
