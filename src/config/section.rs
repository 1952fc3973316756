//! The one way to write a section, so that a setting's text, type, default and example stand in one place.

/// What the default file says about one setting.
pub(super) struct Described {
    /// The key within its section.
    pub(super) key: &'static str,
    /// Its rustdoc, a line each.
    pub(super) text: &'static [&'static str],
    /// What to show where there is no default: a TOML value.
    pub(super) example: Option<&'static str>,
}

/// A section that can describe itself.
pub(super) trait Section {
    /// What the section is about, a line each.
    const ABOUT: &'static [&'static str];
    /// Its settings, in the order of the source.
    const SETTINGS: &'static [Described];
}

/// Declares a section: a struct that refuses unknown keys, its `Default`, and its description.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $name:ident {
            $(
                $(#[doc = $text:literal])*
                $(#[serde($($serde:tt)*)])*
                $field:ident: $type:ty = $default:expr $(, such as $example:literal)?;
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(
                $(#[doc = $text])*
                $(#[serde($($serde)*)])*
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::config::section::Section for $name {
            const ABOUT: &'static [&'static str] = &[$($about),*];
            const SETTINGS: &'static [$crate::config::section::Described] = &[
                $($crate::config::section::Described {
                    key: stringify!($field),
                    text: &[$($text),*],
                    example: section!(@example $($example)?),
                },)*
            ];
        }
    };
    (@example) => { None };
    (@example $example:literal) => { Some($example) };
}

pub(super) use section;
