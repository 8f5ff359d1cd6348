//! Tests of storages that stand in front of other storages.

mod forwarding;
