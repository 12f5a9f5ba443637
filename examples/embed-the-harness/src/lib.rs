//! An example without code of its own: see `tests/gate.rs`, and the plugin in `plugin/`.
