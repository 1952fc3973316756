use crate::auth::FeedTokens;

/// The longest word of which an error repeats anything: names are shorter.
const LONGEST: usize = 40;
/// What every JWT begins with: `{"` in base 64.
const JWT: &str = "eyJ";

/// A word that came from outside, as an error repeats it. What may be a secret or an e-mail address in the wrong place is
/// `…`: errors end up in logs of proxies and in screenshots.
#[must_use]
pub fn repeated(word: &str) -> String {
    let is_told = word.chars().count() <= LONGEST
        && !word.contains('@')
        && !word.contains(FeedTokens::PREFIX)
        && !word.contains(JWT);
    if !is_told {
        return "…".to_owned();
    }
    word.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_repeated_and_what_may_be_a_secret_or_an_address_is_not() {
        for word in ["statuss", "", "group id", "eyes", &"a".repeat(40)] {
            assert_eq!(repeated(word), word);
        }
        assert_eq!(repeated("a\u{1b}[31m\nb"), "a[31mb");
        for word in [
            "ada@acme.example",
            "headcount_feed_abc",
            "key headcount_feed_abc",
            "eyJhbGciOi.eyJzdWIi.c2ln",
            "Bearer eyJhbGciOi",
            &"a".repeat(41),
        ] {
            assert_eq!(repeated(word), "…", "{word}");
        }
    }
}
