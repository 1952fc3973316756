//! A stand-in until the room is written.

use std::sync::Arc;

pub struct Caller {
    pub subject: String,
}

#[derive(Debug)]
pub struct Refusal;

pub struct Verifier;

impl Verifier {
    pub async fn caller(&self, header: Option<&str>) -> Result<Arc<Caller>, Refusal> {
        match header {
            Some("Bearer good") => Ok(Arc::new(Caller {
                subject: "somebody".to_owned(),
            })),
            _ => Err(Refusal),
        }
    }
}
