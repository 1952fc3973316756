//! A secret is given by value, by the path of a file, or (of an integration) by the name of a variable.

use std::path::Path;

use secrecy::SecretString;

use super::{IntegrationSection, Problems, Settings, integrations::key};

/// Reads every secret that the settings refer to into the field of its value.
pub(super) fn read_all(
    settings: &mut Settings,
    environment: &[(String, String)],
    problems: &mut Problems,
) {
    let auth = &mut settings.auth;
    read(&mut auth.secret, auth.secret_file.as_deref(), "auth.secret", problems);
    read(
        &mut auth.previous_secret,
        auth.previous_secret_file.as_deref(),
        "auth.previous_secret",
        problems,
    );
    if let Some(path) = &auth.public_key_file {
        match (&auth.public_key, std::fs::read_to_string(path)) {
            (Some(_), _) => given_twice("auth.public_key", "auth.public_key_file", problems),
            (None, Ok(text)) => auth.public_key = Some(text),
            (None, Err(error)) => unreadable("auth.public_key_file", path, &error, problems),
        }
    }
    let store = &mut settings.store;
    read(&mut store.master_key, store.master_key_file.as_deref(), "store.master_key", problems);
    for path in &store.previous_master_key_files {
        if let Some(secret) = from_file("store.previous_master_key_files", path, problems) {
            store.previous_master_keys.push(secret);
        }
    }
    for (index, section) in settings.integrations.iter_mut().enumerate() {
        read_integration(section, index, environment, problems);
    }
}

fn read_integration(
    section: &mut IntegrationSection,
    index: usize,
    environment: &[(String, String)],
    problems: &mut Problems,
) {
    let token_key = key(section, index, "api_token");
    let key_key = key(section, index, "organization_api_key");
    let IntegrationSection { api_token, api_token_file, api_token_env, .. } = section;
    from_variable(api_token, api_token_env.as_deref(), environment, &token_key, problems);
    read(api_token, api_token_file.as_deref(), &token_key, problems);
    let IntegrationSection {
        organization_api_key,
        organization_api_key_file,
        organization_api_key_env,
        ..
    } = section;
    let variable = organization_api_key_env.as_deref();
    from_variable(organization_api_key, variable, environment, &key_key, problems);
    read(organization_api_key, organization_api_key_file.as_deref(), &key_key, problems);
}

fn read(value: &mut Option<SecretString>, file: Option<&Path>, key: &str, problems: &mut Problems) {
    match (&value, file) {
        (_, None) => {}
        (Some(_), Some(_)) => given_twice(key, "its file", problems),
        (None, Some(path)) => *value = from_file(key, path, problems),
    }
}

fn from_file(key: &str, path: &Path, problems: &mut Problems) -> Option<SecretString> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.trim_end().is_empty() => {
            problems.add(key, format!("{} is empty", path.display()), "write the secret into it");
            None
        }
        Ok(text) => Some(SecretString::from(text.trim_end_matches(['\r', '\n']))),
        Err(error) => {
            unreadable(key, path, &error, problems);
            None
        }
    }
}

fn from_variable(
    value: &mut Option<SecretString>,
    variable: Option<&str>,
    environment: &[(String, String)],
    key: &str,
    problems: &mut Problems,
) {
    let Some(variable) = variable else { return };
    let found = environment.iter().find(|(name, text)| name == variable && !text.is_empty());
    match (&value, found) {
        (Some(_), _) => given_twice(key, "its variable", problems),
        (None, Some((_, text))) => *value = Some(SecretString::from(text.as_str())),
        (None, None) => problems.add(
            key,
            format!("the environment's variable `{variable}` is not set, or empty"),
            "set it for the gateway's process, or correct its name",
        ),
    }
}

fn given_twice(key: &str, other: &str, problems: &mut Problems) {
    problems.add(key, format!("is given by value and also by {other}"), "keep one of the two");
}

fn unreadable(key: &str, path: &Path, error: &std::io::Error, problems: &mut Problems) {
    problems.add(
        key,
        format!("{} cannot be read: {}", path.display(), error.kind()),
        "correct the path, or let the gateway's user read the file",
    );
}

/// The keys of secrets that a file of settings holds by value.
pub(super) fn keys_with_value(table: &toml::Table) -> Vec<String> {
    let in_section = |section: &str, name: &str| {
        table
            .get(section)
            .and_then(|section| section.get(name))
            .map(|_| format!("{section}.{name}"))
    };
    let sections = [("auth", "secret"), ("auth", "previous_secret"), ("store", "master_key")];
    let mut keys: Vec<String> =
        sections.iter().filter_map(|(section, name)| in_section(section, name)).collect();
    let integrations = table.get("integrations").and_then(toml::Value::as_array);
    for (index, integration) in integrations.into_iter().flatten().enumerate() {
        for name in ["api_token", "organization_api_key"] {
            if integration.get(name).is_some() {
                keys.push(format!("integrations[{index}].{name}"));
            }
        }
    }
    keys
}
