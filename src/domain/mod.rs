//! The words: ids, User, Group, Role, Activity, ProductAccess, Page. Values only; nothing here asks anybody.
