//! Tests of storages.

mod alignment;
mod blkdebug_rules;
mod forwarding;
