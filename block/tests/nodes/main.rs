//! Tests of the block layer through its public interfaces.
//!
//! | part | files |
//! |---|---|
//! | graph and permissions | `graph`, `slow_images`, `writes`, `replaced_children`, `async_node` |
//! | sizes, thresholds of writes; statistics | `sizes`; `stats` |
//! | inactive nodes; overlays on nodes in use | `activity`; `overlays` |
//! | names, depth | `image_names`, `depth` |
//! | options and reopening | `options`, `reopen`, `reopened_options` |
//! | images | `headers`, `check`, `bitmaps`, `images`, `formats`, `direct`, `corruption` |
//! | filters that clients describe | `filters`, `preallocate` |
//! | internal snapshots | `snapshots` |
//! | image locks, blkdebug | `locks`, `blkdebug` |
//! | creation of images | `create` |
//! | copies, dirty bitmaps | `copy`, `point_in_time`, `dirty_bitmaps` |

mod activity;
mod async_node;
mod bitmaps;
mod blkdebug;
mod check;
mod copy;
mod corruption;
mod create;
mod depth;
mod direct;
mod dirty_bitmaps;
mod filters;
mod formats;
mod graph;
mod headers;
mod image_names;
mod images;
mod locks;
mod options;
mod overlays;
mod point_in_time;
mod preallocate;
mod reopen;
mod reopened_options;
mod replaced_children;
mod resize;
mod sizes;
mod slow_images;
mod snapshots;
mod stats;
mod support;
mod writes;
