//! One test program: a file per topic.

mod edge;
