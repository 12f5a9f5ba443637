//! How steps are raced.

use crate::abi::HostCall;
use crate::race::Explorer;
use crate::scenario::expression::Scope;
use crate::scenario::invalid::{InvalidScenario, unknown};
use crate::scenario::raw;
use crate::scenario::text::Text;

/// The explorer for what a file says, or for nothing.
pub(super) fn explorer(
    race: Option<&raw::Race>,
    scope: &Scope<'_>,
) -> Result<Explorer, InvalidScenario> {
    let shared_data = [HostCall::GetSharedData, HostCall::SetSharedData];
    let Some(race) = race else {
        return Ok(Explorer::new().at(shared_data));
    };
    let mut explorer = match &race.at {
        None => Explorer::new().at(shared_data),
        Some(names) => {
            let calls = names.iter().map(|name| {
                let text = name.expand(scope)?;
                host_call(&text).map_err(|reason| name.error(reason))
            });
            Explorer::new().at(calls.collect::<Result<Vec<_>, _>>()?)
        }
    };
    let keys: Result<Vec<_>, _> = race.keys.iter().map(|key| key.expand(scope)).collect();
    explorer = explorer.keys(keys?);
    if let Some(depth) = &race.depth {
        explorer = explorer.depth(depth.parse(scope, "a number")?);
    }
    if race.reduced {
        explorer = explorer.reduced();
    }
    let number = |text: &Option<Text>| match text {
        Some(text) => text.parse(scope, "a number"),
        None => Ok(0),
    };
    Ok(explorer.random(number(&race.random)?, number(&race.seed)?))
}

/// The host function of this name.
fn host_call(name: &str) -> Result<HostCall, String> {
    let found = HostCall::ALL.iter().find(|call| call.name() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = HostCall::ALL.iter().map(|call| call.name()).collect();
        unknown("host function", name, &known)
    })
}
