//! Builds GraphiQL from `ui/` where it is missing or out of date and npm is there, so that `cargo run -- demo` does it all.
//!
//! It never fails a build: without npm, or where npm fails, the program carries a plain query page instead and a warning
//! says so. `HEADCOUNT_UI=skip` leaves `ui/` alone (the container image builds it in a stage of its own).

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

/// What the bundle is made from. Not `ui/` itself: npm and Vite write into it.
const SOURCES: [&str; 6] = [
    "ui/src",
    "ui/index.html",
    "ui/package.json",
    "ui/package-lock.json",
    "ui/.npmrc",
    "ui/vite.config.js",
];
const BUNDLE: &str = "ui/dist/index.html";

fn main() {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rerun-if-env-changed=HEADCOUNT_UI");
    #[expect(clippy::disallowed_methods, reason = "a build script has no other settings")]
    let is_skipped = std::env::var_os("HEADCOUNT_UI").is_some_and(|value| value == "skip");
    if is_skipped || is_current() {
        return;
    }
    if let Err(error) = build() {
        let page =
            if Path::new(BUNDLE).exists() { "an older GraphiQL" } else { "a plain query page" };
        println!("cargo:warning=GraphiQL was not built, {page} is served: {error}");
    }
}

/// Whether the bundle is there and no source is newer. Cargo runs this again when a source changed, not when Node.js came.
fn is_current() -> bool {
    let Some(built) = changed_at(Path::new(BUNDLE)) else {
        return false;
    };
    SOURCES.iter().all(|source| newest_in(Path::new(source)).is_none_or(|changed| changed <= built))
}

fn newest_in(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else {
        return changed_at(path);
    };
    entries.flatten().filter_map(|entry| newest_in(&entry.path())).max()
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|about| about.modified()).ok()
}

fn build() -> Result<(), Box<dyn Error>> {
    check_node()?;
    let started = Instant::now();
    npm(&["ci", "--ignore-scripts", "--loglevel=error"])?;
    npm(&["run", "build", "--silent"])?;
    println!("cargo:warning=built GraphiQL in {} s", started.elapsed().as_secs());
    Ok(())
}

/// Vite says of an older Node.js only that some import is missing.
fn check_node() -> Result<(), Box<dyn Error>> {
    let wanted =
        "install Node.js 20.19 or later with npm, then `touch ui/package.json` and build again";
    let Ok(output) = Command::new("node").arg("--version").output() else {
        return Err(format!("node is not on the PATH; {wanted}").into());
    };
    let version = String::from_utf8_lossy(&output.stdout);
    let mut parts =
        version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0_u32));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if (major, minor) < (20, 19) {
        return Err(format!("node is {}; {wanted}", version.trim()).into());
    }
    Ok(())
}

/// Runs npm in `ui/`, and gives the beginning of what it complained of where it fails.
fn npm(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output =
        Command::new("npm").args(arguments).current_dir("ui").stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // One line: a second one would be read as an instruction to cargo.
    let complaints: Vec<&str> = said
        .lines()
        .map(|line| line.trim_start_matches("npm error").trim())
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    Err(format!("npm {} failed: {}", arguments.join(" "), complaints.join(" | ")).into())
}
