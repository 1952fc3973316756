use crate::integrations::{Field, HostPolicy, InvalidReason, InvalidReason::*};

fn policy() -> HostPolicy {
    let allowed = [
        "http://127.0.0.1:9000",
        "https://jira.acme.example",
        "https://[::1]:8443/",
        "https://xn--bcher-kva.example",
    ];
    HostPolicy::new(&allowed.map(str::to_owned)).unwrap()
}

#[test]
fn what_an_admin_pastes_becomes_the_sites_origin() {
    let pasted = [
        ("https://acme.atlassian.net", "https://acme.atlassian.net/"),
        ("https://acme.atlassian.net/", "https://acme.atlassian.net/"),
        ("https://acme.atlassian.net/jira/projects?a=b#c", "https://acme.atlassian.net/"),
        ("https://acme.atlassian.net:443/wiki", "https://acme.atlassian.net/"),
        ("  HTTPS://ACME.Atlassian.NET/x \n", "https://acme.atlassian.net/"),
        ("acme.atlassian.net/jira", "https://acme.atlassian.net/"),
        ("https://acme-2.atlassian.net?x=http://10.0.0.1", "https://acme-2.atlassian.net/"),
        ("https://acme.atlassian.net/a@b%2fc", "https://acme.atlassian.net/"),
        ("https://acme.jira.com/browse/A-1", "https://acme.jira.com/"),
        ("https://acme.atlassian-us-gov-mod.net/wiki", "https://acme.atlassian-us-gov-mod.net/"),
        ("http://127.0.0.1:9000/site", "http://127.0.0.1:9000/"),
        ("https://jira.acme.example/x?y", "https://jira.acme.example/"),
        ("https://[::1]:8443/x", "https://[::1]:8443/"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
    ];
    for (pasted, origin) in pasted {
        let site = policy().site(pasted);
        assert_eq!(site.as_ref().map(url::Url::as_str), Ok(origin), "{pasted}");
    }
}

const REFUSED: &[(&str, InvalidReason, &str)] = &[
    ("", Empty, "is empty"),
    ("   ", Empty, "is empty"),
    ("http://acme.atlassian.net", HostNotAllowed, "begin with https://"),
    ("ftp://acme.atlassian.net", HostNotAllowed, "begin with https://"),
    ("file:///etc/passwd", Malformed, "no host"),
    ("javascript:alert(1)", Malformed, "no URL"),
    ("https://", Malformed, "no host"),
    ("//acme.atlassian.net", Malformed, "no host"),
    ("https:///acme.atlassian.net", Malformed, "no host"),
    ("https://:443/", Malformed, "no URL"),
    ("https://169.254.169.254/latest/meta-data/", HostNotAllowed, "IP address"),
    ("https://2852039166/", HostNotAllowed, "IP address"),
    ("https://0xa9fea9fe/", HostNotAllowed, "IP address"),
    ("https://0251.0376.0251.0376/", HostNotAllowed, "IP address"),
    ("https://127.1/", HostNotAllowed, "IP address"),
    ("https://[::1]/", HostNotAllowed, "IP address"),
    ("https://[::ffff:169.254.169.254]/", HostNotAllowed, "IP address"),
    ("https://127.0.0.1:9000/", HostNotAllowed, "IP address"),
    ("http://127.0.0.1:9001/", HostNotAllowed, "begin with https://"),
    ("https://localhost/", HostNotAllowed, "host of Atlassian Cloud"),
    ("localhost:8080", HostNotAllowed, "no port"),
    ("https://metadata.google.internal/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://.atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://a.b.atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://-a.atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://acme.atlassian.net.evil.example/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://evil-atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://acme.evil-atlassian.net/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://evil.example/acme.atlassian.net", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://evil.example?.atlassian.net", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://evil.example#.atlassian.net", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://sub.jira.acme.example/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://api.atlassian.com/", HostNotAllowed, "host of Atlassian Cloud"),
    ("https://acme.atlassian.net./", HostNotAllowed, "end in a dot"),
    ("https://acme.atlassian.net:8443/", HostNotAllowed, "no port"),
    ("https://xn--cme-8cd.atlassian.net/", HostNotAllowed, "international name"),
    ("https://acme.xn--tlassian-2fg.net/", HostNotAllowed, "international name"),
    ("https://\u{430}cme.atlassian.net/", Malformed, "outside ASCII"),
    ("https://acme.atlassian\u{3002}net/", Malformed, "outside ASCII"),
    ("https://acme.\u{ff41}tlassian.net/", Malformed, "outside ASCII"),
    ("https://acme.atlassian.net\u{200b}/", Malformed, "outside ASCII"),
    ("https://user:pass@acme.atlassian.net/", Malformed, "user name"),
    ("https://acme.atlassian.net@evil.example/", Malformed, "user name"),
    ("https://@acme.atlassian.net/", Malformed, "user name"),
    ("https://acme.atlassian.net\\@evil.example/", Malformed, "backslash"),
    ("https:\\\\evil.example", Malformed, "backslash"),
    ("https://evil.example\\.atlassian.net/", Malformed, "backslash"),
    ("https://ac\tme.atlassian.net/", Malformed, "control character"),
    ("https://acme.atlas\nsian.net/", Malformed, "control character"),
    ("https://acme.atlassian.net\0.evil.example/", Malformed, "control character"),
    ("https://acme .atlassian.net/", Malformed, "space"),
    ("https://%61cme.atlassian.net/", Malformed, "percent-encoded"),
    ("https://evil.example%2f.atlassian.net/", Malformed, "percent-encoded"),
];

#[test]
fn every_other_address_is_refused_with_the_rule_it_breaks() {
    for (pasted, reason, rule) in REFUSED {
        let refusal = policy().site(pasted).expect_err(pasted);
        assert_eq!(refusal.reason, *reason, "{pasted:?}: {refusal}");
        assert_eq!(refusal.field, Field::AdminUrl);
        assert!(refusal.message.contains(rule), "{pasted:?}: {refusal}");
        let is_told_how = refusal.message.contains("https://your-site.atlassian.net");
        assert_eq!(is_told_how, matches!(reason, HostNotAllowed | Empty), "{refusal}");
    }
}

#[test]
fn a_refusal_repeats_nothing_that_was_pasted() {
    let pasted = "https://ada:hunter2@evil.example/";
    assert!(!policy().site(pasted).unwrap_err().message.contains("hunter2"));
    let endless = format!("https://acme.atlassian.net/{}", "a".repeat(5_000_000));
    let refusal = policy().site(&endless).unwrap_err();
    assert_eq!(refusal.reason, TooLong);
    assert!(refusal.message.len() < 300);
}

#[test]
fn the_allow_list_takes_origins_and_nothing_more() {
    for text in [
        "",
        "acme.example",
        "*",
        "https://*.acme.example/path",
        "https://acme.example/path",
        "https://acme.example/?x",
        "https://acme.example/#x",
        "https://user@acme.example",
        "ftp://acme.example",
        "file:///etc",
        "data:text/plain,x",
    ] {
        let error = HostPolicy::new(&[text.to_owned()]).expect_err(text);
        assert_eq!(error.origin, text);
    }
}
