use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::lexer::{Token, tokens};
use crate::feeds::{Error, Kind, Result, Table, Value, repeated};

/// A condition on the rows of a table, its columns by their places. What it compares fits together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Column(usize, Kind),
    Literal(Value),
    Call(Function, Vec<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Contains,
    StartsWith,
    EndsWith,
    ToLower,
    ToUpper,
}

impl Function {
    /// By the names that OData gives them.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("contains", Self::Contains),
        ("startswith", Self::StartsWith),
        ("endswith", Self::EndsWith),
        ("tolower", Self::ToLower),
        ("toupper", Self::ToUpper),
    ];

    fn arguments(self) -> usize {
        match self {
            Self::Contains | Self::StartsWith | Self::EndsWith => 2,
            Self::ToLower | Self::ToUpper => 1,
        }
    }
}

/// Parentheses, calls and `not` within each other.
const DEEPEST: usize = 32;
/// Of OData's operators, those that this program has not.
const OTHER_OPERATORS: [&str; 9] = ["add", "sub", "mul", "div", "divby", "mod", "has", "in", "-"];

/// Reads a `$filter` over the columns of a table.
///
/// # Errors
/// It is no filter, names a column that the table has not, compares what cannot be compared, is too long or too deep, or uses
/// something of OData that this program has not.
pub(super) fn parse(table: &Table, source: &str) -> Result<Expression> {
    let tokens = tokens(source)?;
    let mut parser = Parser { table, tokens: &tokens, at: 0, depth: 0 };
    let expression = parser.disjunction()?;
    if parser.at < tokens.len() {
        return Err(parser.unexpected());
    }
    must_be(&expression, Kind::Boolean)?;
    Ok(expression)
}

struct Parser<'a> {
    table: &'a Table,
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn disjunction(&mut self) -> Result<Expression> {
        let first = self.conjunction()?;
        let mut all = vec![first];
        while self.take_word("or") {
            all.push(self.conjunction()?);
        }
        joined(all, Expression::Or)
    }

    fn conjunction(&mut self) -> Result<Expression> {
        let first = self.comparison()?;
        let mut all = vec![first];
        while self.take_word("and") {
            all.push(self.comparison()?);
        }
        joined(all, Expression::And)
    }

    fn comparison(&mut self) -> Result<Expression> {
        if self.take_word("not") {
            let inner = self.deeper(Self::comparison)?;
            must_be(&inner, Kind::Boolean)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        let left = self.operand()?;
        let Some(comparison) = self.comparison_word()? else { return Ok(left) };
        let right = self.operand()?;
        compared(comparison, left, right)
    }

    fn operand(&mut self) -> Result<Expression> {
        let Some(token) = self.tokens.get(self.at) else {
            return Err(bad("`$filter` ends where something is missing"));
        };
        self.at += 1;
        match token {
            Token::Open => {
                let inner = self.deeper(Self::disjunction)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Text(text) => Ok(Expression::Literal(text.as_str().into())),
            Token::Word(word) if self.tokens.get(self.at) == Some(&Token::Open) => self.call(word),
            Token::Word(word) => self.word(word),
            Token::Close | Token::Comma => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn call(&mut self, name: &str) -> Result<Expression> {
        let Some((_, function)) = Function::ALL.into_iter().find(|(known, _)| *known == name)
        else {
            let known: Vec<&str> = Function::ALL.iter().map(|(name, _)| *name).collect();
            return Err(Error::NotImplemented(format!(
                "`$filter` has the functions {} and no other",
                known.join(", ")
            )));
        };
        self.at += 1;
        let mut arguments = vec![self.deeper(Self::disjunction)?];
        while self.take(&Token::Comma) {
            arguments.push(self.deeper(Self::disjunction)?);
        }
        self.expect(&Token::Close)?;
        if arguments.len() != function.arguments() {
            return Err(bad(&format!("`{name}` takes {} arguments", function.arguments())));
        }
        for argument in &arguments {
            must_be(argument, Kind::Text)?;
        }
        Ok(Expression::Call(function, arguments))
    }

    fn word(&self, word: &str) -> Result<Expression> {
        if let Some(place) = self.table.place(word) {
            let kind = self.table.column(word).map_or(Kind::Text, |column| column.kind);
            return Ok(Expression::Column(place, kind));
        }
        literal(word).map(Expression::Literal).ok_or_else(|| {
            if word.contains('/') || word.starts_with(['@', '$']) {
                return Error::NotImplemented("`$filter` has no paths and no aliases".to_owned());
            }
            bad(&format!("the table {} has no column `{}`", self.table.name, repeated(word)))
        })
    }

    fn comparison_word(&mut self) -> Result<Option<Comparison>> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return Ok(None) };
        let comparison = match *word {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            "and" | "or" => return Ok(None),
            other if OTHER_OPERATORS.contains(&other) => {
                return Err(Error::NotImplemented(format!("`$filter` has no operator `{other}`")));
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(Some(comparison))
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Expression>) -> Result<Expression> {
        if self.depth == DEEPEST {
            return Err(bad(&format!("`$filter` is nested deeper than {DEEPEST}")));
        }
        self.depth += 1;
        let expression = inner(self);
        self.depth -= 1;
        expression
    }

    fn take(&mut self, token: &Token<'a>) -> bool {
        let is_there = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is_there);
        is_there
    }

    fn take_word(&mut self, word: &'a str) -> bool {
        self.take(&Token::Word(word))
    }

    fn expect(&mut self, token: &Token<'a>) -> Result<()> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Error {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => {
                bad(&format!("`$filter` cannot go on with `{}`", repeated(word)))
            }
            Some(_) => bad(&format!("`$filter` cannot go on with its piece {}", self.at + 1)),
            None => bad("`$filter` ends where something is missing"),
        }
    }
}

fn joined(mut all: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Result<Expression> {
    if all.len() == 1 {
        return Ok(all.remove(0));
    }
    for each in &all {
        must_be(each, Kind::Boolean)?;
    }
    Ok(join(all))
}

fn literal(word: &str) -> Option<Value> {
    match word {
        "null" => return Some(Value::Null),
        "true" => return Some(true.into()),
        "false" => return Some(false.into()),
        _ => {}
    }
    if !word
        .starts_with(|letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '+' | '.'))
    {
        return None;
    }
    if let Ok(number) = word.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = word.parse::<Decimal>() {
        return Some(Value::Decimal(number));
    }
    // A time of day makes an instant; without it `jiff` would read the day of `2026-01-31T…` as a day.
    if word.contains(['T', 't']) {
        return word.parse::<Timestamp>().ok().map(Value::Instant);
    }
    if let Ok(day) = word.parse::<Date>() {
        return Some(day.into());
    }
    word.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float)
}

fn compared(comparison: Comparison, left: Expression, right: Expression) -> Result<Expression> {
    let is_number = |kind| matches!(kind, Kind::Integer | Kind::Decimal | Kind::Float);
    if let (Some(a), Some(b)) = (kind_of(&left), kind_of(&right))
        && a != b
        && !(is_number(a) && is_number(b))
    {
        let message = format!("`$filter` compares {} with {}", a.word(), b.word());
        return Err(bad(&message));
    }
    Ok(Expression::Compare(comparison, Box::new(left), Box::new(right)))
}

fn must_be(expression: &Expression, kind: Kind) -> Result<()> {
    match kind_of(expression) {
        Some(actual) if actual != kind => {
            Err(bad(&format!("`$filter` has {} where {} is needed", actual.word(), kind.word())))
        }
        _ => Ok(()),
    }
}

/// `None` for null.
fn kind_of(expression: &Expression) -> Option<Kind> {
    match expression {
        Expression::Column(_, kind) => Some(*kind),
        Expression::Literal(value) => value.kind(),
        Expression::Call(Function::ToLower | Function::ToUpper, _) => Some(Kind::Text),
        _ => Some(Kind::Boolean),
    }
}

fn bad(message: &str) -> Error {
    Error::BadParameter(message.to_owned())
}
