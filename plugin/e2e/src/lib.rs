//! Tests of the module in a real Envoy; they stand in `tests`.
