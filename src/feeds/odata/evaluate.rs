use std::cmp::Ordering;

use super::filter::{Comparison, Expression, Function};
use crate::feeds::{Row, Value};

/// Whether a row is one that the filter wants. What cannot be told, because a value is null, is not wanted (OData 4.01,
/// URL Conventions, 5.1.1).
pub(super) fn wants(expression: &Expression, row: &Row) -> bool {
    truth(expression, row) == Some(true)
}

fn truth(expression: &Expression, row: &Row) -> Option<bool> {
    match expression {
        Expression::Not(inner) => truth(inner, row).map(|truth| !truth),
        Expression::And(all) => all
            .iter()
            .try_fold(Some(true), |so_far, each| {
                match truth(each, row) {
                    // One that is false settles it, whatever is not known of the others.
                    Some(false) => Err(()),
                    Some(true) => Ok(so_far),
                    None => Ok(None),
                }
            })
            .unwrap_or(Some(false)),
        Expression::Or(all) => all
            .iter()
            .try_fold(Some(false), |so_far, each| match truth(each, row) {
                Some(true) => Err(()),
                Some(false) => Ok(so_far),
                None => Ok(None),
            })
            .unwrap_or(Some(true)),
        Expression::Compare(comparison, left, right) => {
            Some(compare(*comparison, &value(left, row), &value(right, row)))
        }
        other => match value(other, row) {
            Value::Boolean(truth) => Some(truth),
            _ => None,
        },
    }
}

/// A comparison always has an outcome: null equals null only, and is neither above nor below anything.
fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    let is_null = (*left == Value::Null, *right == Value::Null);
    let order = left.compare(right);
    match comparison {
        Comparison::Equal => is_null == (true, true) || order == Some(Ordering::Equal),
        Comparison::NotEqual => is_null != (true, true) && order != Some(Ordering::Equal),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
    }
}

fn value(expression: &Expression, row: &Row) -> Value {
    match expression {
        Expression::Column(place, _) => row.get(*place).cloned().unwrap_or(Value::Null),
        Expression::Literal(value) => value.clone(),
        Expression::Call(function, arguments) => {
            let arguments: Vec<Value> =
                arguments.iter().map(|argument| value(argument, row)).collect();
            call(*function, &arguments)
        }
        other => truth(other, row).into(),
    }
}

fn call(function: Function, arguments: &[Value]) -> Value {
    match (function, arguments) {
        (Function::Contains, [Value::Text(text), Value::Text(part)]) => {
            text.contains(&**part).into()
        }
        (Function::StartsWith, [Value::Text(text), Value::Text(part)]) => {
            text.starts_with(&**part).into()
        }
        (Function::EndsWith, [Value::Text(text), Value::Text(part)]) => {
            text.ends_with(&**part).into()
        }
        (Function::ToLower, [Value::Text(text)]) => text.to_lowercase().into(),
        (Function::ToUpper, [Value::Text(text)]) => text.to_uppercase().into(),
        _ => Value::Null,
    }
}
