//! Signatures of functions in WebAssembly text.

/// Parameters and result of a function, as the text has them.
pub(super) struct Signature<'a> {
    pub(super) text: &'a str,
    pub(super) params: Vec<&'a str>,
    pub(super) has_result: bool,
}

impl<'a> Signature<'a> {
    /// What follows `word` in `text`.
    pub(super) fn after(text: &'a str, word: &str) -> Self {
        let start = text.find(word).map_or(text.len(), |at| at + word.len());
        let rest = text.get(start..).unwrap_or_default();
        let mut end = 0;
        let mut params = Vec::new();
        let mut has_result = false;
        loop {
            let tail = rest.get(end..).unwrap_or_default();
            let group = tail.trim_start();
            let Some(close) = group.find(')') else { break };
            let inner = group.get(..close).unwrap_or_default();
            if let Some(types) = inner.strip_prefix("(param ") {
                params.extend(types.split(' ').filter(|word| !word.starts_with('$')));
            } else if inner.starts_with("(result ") {
                has_result = true;
            } else {
                break;
            }
            end += tail.len() - group.len() + close + 1;
        }
        Self {
            text: rest.get(..end).unwrap_or_default(),
            params,
            has_result,
        }
    }

    pub(super) fn call(&self, function: &str, argument: impl Fn(usize, &str) -> String) -> String {
        let params = self.params.iter().enumerate();
        let arguments: Vec<_> = params
            .map(|(index, param)| argument(index, param))
            .collect();
        format!("(call {function} {})", arguments.join(" "))
    }
}
