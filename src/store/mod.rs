//! The embedded database: pool, migrations, encryption of secrets.
