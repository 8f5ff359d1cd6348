//! Fuzzes the block layer with damaged qcow2 images.
//!
//! The folder `images` has an image of each kind. The metadata of an image are damaged as a seed
//! says. The image is then read, written, streamed, committed or grown. No input may end or block
//! the process, panic, or take much memory. QEMU's storage daemon is the reference for the data. A
//! write that succeeds has to be read back, unless QEMU does not do so either.
//!
//! `fuzz/run image` runs many inputs. The tests of this package run a hundred of each kind.
//!
//! From the bottom up: an input consists of [`damage`] to a [`base`] image, whose [`layout`] is
//! known, and a [`plan`]. [`ours`] and [`qemu`] execute it, [`check`] compares their [`contents`],
//! and [`supervise`] runs inputs in other processes. With [`live`], jobs of a live daemon read and
//! change the image, and [`compare_live`] compares its outcomes with those of QEMU's daemon.

pub mod base;
pub mod check;
pub mod compare_live;
pub mod contents;
pub mod daemon;
pub mod damage;
pub mod fault;
pub mod layout;
pub mod live;
pub mod nbd;
pub mod ours;
pub mod plan;
pub mod qemu;
pub mod random;
pub mod recorded;
pub mod supervise;
