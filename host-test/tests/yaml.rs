//! What the reader of configurations takes and refuses, beside `envoy --mode validate`.

#[path = "yaml/case.rs"]
mod case;
#[path = "yaml/http.rs"]
mod http;
#[path = "yaml/listeners.rs"]
mod listeners;
#[path = "yaml/logs.rs"]
mod logs;
#[path = "yaml/plugins.rs"]
mod plugins;
#[path = "yaml/routes.rs"]
mod routes;
#[path = "yaml/scalars.rs"]
mod scalars;
