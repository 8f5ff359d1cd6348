//! Tests of storages.

mod blkdebug_rules;
mod forwarding;
