/// A token, as far as counting needs to tell one from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or keyword.
    Name(&'a str),
    /// `{`, `(` or `[`, and which.
    Open(u8),
    /// `}`, `)` or `]`.
    Close,
    /// A number, a string, other punctuation, or what is no GraphQL at all.
    Other,
}

/// Cuts a document into tokens in one pass. Never fails: what is wrong with the text is the parser's to say.
pub(super) struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.byte(0).is_some_and(&keep) {
            self.at += 1;
        }
    }

    fn skip_ignored(&mut self) {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b','));
            if self.byte(0) != Some(b'#') {
                return;
            }
            self.skip_while(|byte| !matches!(byte, b'\r' | b'\n'));
        }
    }

    fn skip_string(&mut self) {
        let bytes = self.source.as_bytes();
        if bytes[self.at..].starts_with(b"\"\"\"") {
            self.at += 3;
            while self.at < bytes.len() && !bytes[self.at..].starts_with(b"\"\"\"") {
                let escaped = bytes[self.at..].starts_with(b"\\\"\"\"");
                self.at += if escaped { 4 } else { 1 };
            }
            self.at = (self.at + 3).min(bytes.len());
            return;
        }
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            self.at += match byte {
                b'\\' => 2,
                // A string ends with its line; the parser will say that it has no end.
                b'\n' | b'\r' => return,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => 1,
            };
        }
        self.at = self.at.min(bytes.len());
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_ignored();
        let start = self.at;
        let token = match self.byte(0)? {
            b'"' => {
                self.skip_string();
                Token::Other
            }
            open @ (b'{' | b'(' | b'[') => {
                self.at += 1;
                Token::Open(open)
            }
            b'}' | b')' | b']' => {
                self.at += 1;
                Token::Close
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.skip_while(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
                Token::Name(&self.source[start..self.at])
            }
            b'-' | b'0'..=b'9' => {
                self.at += 1;
                self.skip_while(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
                });
                Token::Other
            }
            b'.' => {
                self.skip_while(|byte| byte == b'.');
                Token::Other
            }
            _ => {
                self.at += 1;
                Token::Other
            }
        };
        Some(token)
    }
}
