//! What a table cannot show by itself: every kind of column in every format, and a table that breaks its own rules.
