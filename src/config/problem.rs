use std::fmt;

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting's key, such as `auth.secret`.
    pub key: String,
    /// What is wrong; never the value of a secret.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Everything wrong with the settings, so that it can be mended in one go.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem.
    pub fn one(
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let mut problems = Self::default();
        problems.add(key, message, remedy);
        problems
    }

    /// Adds a problem.
    pub fn add(
        &mut self,
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Problem { key: key.into(), message: message.into(), remedy: remedy.into() });
    }

    /// Adds the problem of a number or time that must not be zero.
    pub fn refuse_zero(&mut self, key: &str, is_zero: bool) {
        if is_zero {
            self.add(key, "is zero", "give a value above zero, or leave it out for the default");
        }
    }

    /// Each problem.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `value` where nothing is wrong.
    ///
    /// # Errors
    /// The problems, where there are any.
    pub fn unless_any<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are refused")?;
        for Problem { key, message, remedy } in &self.0 {
            write!(f, "\n  {key}: {message}\n    remedy: {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
