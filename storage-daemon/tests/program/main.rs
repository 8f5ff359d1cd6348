//! The program from outside: its command line, its life as a process, its demo, and the recorded
//! behaviour of QEMU's own storage daemon.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod background;
mod backup;
mod blkdebug;
mod chains;
mod command_line;
mod demo;
mod faults;
mod life;
mod mirror;
mod program;
mod releases;
mod scenarios;
mod truncated;
mod whole;
