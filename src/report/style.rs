use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The pages' style. It stands in the page itself, so that a page that was saved looks the same.
pub(super) const STYLE: &str = include_str!("report.css");

/// What the pages may load and do: nothing but their own style, which is named by its hash, and their own form.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});
