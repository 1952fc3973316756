use uuid::Uuid;

use crate::{
    app::{build::Connections, clock::now},
    audit::{Action, Asked, Ended, Outcome},
};

/// Who stands in the record of changes for what is done on the gateway's own machine.
pub(super) const CALLER: &str = "command line";

/// The wish of whoever runs a command, as the record of changes takes it.
pub(super) fn asked(action: Action) -> Asked {
    Asked::by(CALLER, action, &Uuid::now_v7().to_string())
}

impl Connections {
    /// Writes down what is asked for before it is done, and how it ended: `done` tells what it was done to, `not_done`
    /// whether an error is a refusal or a failure.
    pub(super) async fn recorded<T, E>(
        &self,
        asked: Asked,
        work: impl Future<Output = Result<T, E>>,
        done: impl FnOnce(&T) -> String,
        not_done: impl FnOnce(&E) -> Outcome,
    ) -> anyhow::Result<T>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let entry = self.audit.asked(&asked, now()).await?;
        let outcome = work.await;
        let ended = match &outcome {
            Ok(value) => {
                Ended { target: Some(done(value)), ..Ended::as_outcome(Outcome::Succeeded) }
            }
            Err(error) => Ended::as_outcome(not_done(error)),
        };
        self.audit.ended(&entry, &ended, now()).await?;
        Ok(outcome?)
    }
}
