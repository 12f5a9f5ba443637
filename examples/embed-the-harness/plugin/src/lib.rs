//! Refuses requests without an API key.
#![expect(missing_docs, reason = "the macro makes a public function")]

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{ proxy_wasm::set_http_context(|_, _| Box::new(Gate)); }}

struct Gate;
impl Context for Gate {}
impl HttpContext for Gate {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header("x-api-key").is_some() {
            return Action::Continue;
        }
        self.send_http_response(401, vec![], Some(b"who are you?\n"));
        Action::Pause
    }
}
