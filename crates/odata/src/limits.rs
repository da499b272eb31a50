//! How much one path or query may hold. The product has the same numbers in its list of limits, and its API refuses to be
//! built when they differ; this crate cannot look there.

/// Rows of a page at most; a larger `$top` is cut to it (decisions.md D7).
pub const PAGE_ROWS_MAX: u32 = 999;
/// Rows `$skip` may pass over.
pub const SKIP_MAX: u32 = 10_000;
/// Levels of expansion.
pub const EXPAND_DEPTH_MAX: usize = 3;
/// Expand nodes of one query.
pub const EXPAND_NODES_MAX: usize = 12;
/// Nodes of one filter; each value of an `in` list is one.
pub const FILTER_NODES_MAX: usize = 200;
/// Navigations one path of a filter may take.
pub const FILTER_NAV_DEPTH_MAX: usize = 3;
/// Parentheses, `not` and lambdas inside each other.
pub const FILTER_DEPTH_MAX: usize = 32;
/// Segments of one path.
pub const PATH_SEGMENTS_MAX: usize = 24;
/// Arguments of one function in a path, and parameter aliases of one query string.
pub const ARGUMENTS_MAX: usize = 16;
/// Properties one order may name.
pub const ORDER_MAX: usize = 5;
/// Terms of one search.
pub const SEARCH_TERMS_MAX: usize = 10;
/// Characters of a skip token at most; longer ones were not made here.
pub const SKIP_TOKEN_CHARS_MAX: usize = 4_096;
