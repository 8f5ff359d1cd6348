//! Tests of the framework live in this package, so that their dependencies stay out of the
//! libraries.
