use std::iter::Peekable;
use std::str::CharIndices;

use crate::feeds::{Error, Result};

/// A piece of a `$filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Comma,
    /// A text between single quotes, of which two stand for one.
    Text(String),
    /// Everything else: a name, a keyword, a number, a day or an instant.
    Word(&'a str),
}

/// Longest `$filter`, in bytes: a slicer of a few hundred values.
const LONGEST: usize = 16 * 1024;

/// Cuts a `$filter` into its pieces.
pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>> {
    if source.len() > LONGEST {
        return Err(Error::BadParameter(format!("`$filter` is longer than {LONGEST} bytes")));
    }
    let mut letters = source.char_indices().peekable();
    let mut tokens = Vec::new();
    while let Some((at, letter)) = letters.next() {
        tokens.push(match letter {
            letter if letter.is_ascii_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '\'' => Token::Text(text(&mut letters)?),
            letter if is_word(letter) => {
                let mut end = at + letter.len_utf8();
                while let Some((next, letter)) = letters.next_if(|(_, letter)| is_word(*letter)) {
                    end = next + letter.len_utf8();
                }
                Token::Word(&source[at..end])
            }
            _ => {
                let message = format!("`$filter` has a character at {at} that cannot stand there");
                return Err(Error::BadParameter(message));
            }
        });
    }
    Ok(tokens)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '.' | ':' | '-' | '+' | '/' | '$' | '@')
}

fn text(letters: &mut Peekable<CharIndices<'_>>) -> Result<String> {
    let mut text = String::new();
    while let Some((_, letter)) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if(|(_, letter)| *letter == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok(text);
        }
    }
    Err(Error::BadParameter("`$filter` has a text without its closing quote".to_owned()))
}
