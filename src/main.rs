//! Parses the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use headcount::app::command::Command;

/// A deep selection is resolved by futures within futures: twelve levels of them take more than the usual 2 MiB where
/// the compiler does not optimise. Only what is used is taken of it.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(command.run(&environment())) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

/// The environment, read here and nowhere else. A variable that is no text can be none of ours.
#[expect(clippy::disallowed_methods, reason = "this is the place that hands it to the settings")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[expect(clippy::print_stderr, reason = "a command's last word, whether or not a log is kept")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("headcount: {error:#}");
    ExitCode::FAILURE
}
