use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// One turn at a time for each key; who comes second waits for the first.
pub(super) struct Locks<K>(Mutex<HashMap<K, Weak<Turn<()>>>>);

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Locks<K> {
    pub(super) async fn lock(&self, key: &K) -> OwnedMutexGuard<()> {
        self.turn(key).lock_owned().await
    }

    fn turn(&self, key: &K) -> Arc<Turn<()>> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = table.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        table.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::default());
        table.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }
}
