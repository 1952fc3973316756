use std::fmt::Write;

use super::{
    AtlassianSection, AuthSection, CacheSection, ChangesSection, FeedsSection, HttpSection,
    IntegrationSection, LicensesSection, LimitsSection, LogSection, PriceSection, QueriesSection,
    StoreSection, section::Section,
};

const HEAD: &str = "\
# Headcount's settings: every one of them, with its default. What has a `#` before it may be left out.
#
# Every setting outside `[[integrations]]` and `[[prices]]` can also be given by the environment, which wins over this file:
# `http.listen` is `HEADCOUNT__HTTP__LISTEN`. Lists are written `[\"a\", \"b\"]` there too. A time is a number and a
# unit: `15s`, `10m`, `1h 30m`.
#
# This file is made from the program (`headcount settings`); a test keeps the copy in `docs/` equal to it.
";

/// The commented file of all settings with their defaults.
#[must_use]
pub fn default_file() -> String {
    let mut file = HEAD.to_owned();
    write_section::<HttpSection>(&mut file, "http");
    write_section::<AuthSection>(&mut file, "auth");
    write_section::<StoreSection>(&mut file, "store");
    write_section::<AtlassianSection>(&mut file, "atlassian");
    write_section::<CacheSection>(&mut file, "cache");
    write_section::<FeedsSection>(&mut file, "feeds");
    write_section::<QueriesSection>(&mut file, "queries");
    write_section::<ChangesSection>(&mut file, "changes");
    write_section::<LimitsSection>(&mut file, "limits");
    write_section::<LogSection>(&mut file, "log");
    write_section::<LicensesSection>(&mut file, "licenses");
    write_table::<PriceSection>(&mut file, "# [[prices]]");
    write_table::<IntegrationSection>(&mut file, "# [[integrations]]");
    file
}

fn write_section<S: Section + Default + serde::Serialize>(file: &mut String, name: &str) {
    write_table::<S>(file, &format!("[{name}]"));
}

fn write_table<S: Section + Default + serde::Serialize>(file: &mut String, head: &str) {
    let defaults = toml::Table::try_from(S::default()).expect("settings are plain values");
    file.push('\n');
    for line in S::ABOUT {
        push(file, &format!("#{line}"));
    }
    push(file, head);
    for setting in S::SETTINGS {
        let default = setting
            .example
            .map(str::to_owned)
            .or_else(|| defaults.get(setting.key).map(ToString::to_string));
        // A setting without either is one that a file cannot hold.
        let Some(value) = default else { continue };
        file.push('\n');
        for line in setting.text {
            push(file, &format!("#{line}"));
        }
        push(file, &format!("# {} = {value}", setting.key));
    }
}

fn push(file: &mut String, line: &str) {
    writeln!(file, "{line}").expect("a text can always be written to");
}
