//! Every setting: its name, environment name, default and help.
