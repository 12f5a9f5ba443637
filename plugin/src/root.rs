//! Root contexts: configuration, and which role a filter plays.

use std::cell::RefCell;
use std::rc::Rc;

use portscan_core::config::{
    self, CONFIG_LEN_MAX, Plugin, Policy, Problem, Role, Sensor as SensorConfig, StandingSource,
};
use portscan_core::listener::Listener;
use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::ContextType;

use crate::host::{self, Buffer, Level};
use crate::keeper::Keeper;
use crate::portal::{Desk, Visitor};
use crate::sensor::Sensor;
use crate::tagger::{Names, Tagger};
use crate::worker::{self, TICK_MILLIS, Worker};

thread_local! {
    /// The policy in the configuration of the VM, or what is wrong with it; nothing if there is
    /// none.
    static VM_POLICY: RefCell<Option<Result<Policy, Vec<Problem>>>> = const { RefCell::new(None) };
}

/// One filter configuration.
pub(crate) struct Root {
    context_id: u32,
    filter: Filter,
}

/// What the configuration made of the filter.
enum Filter {
    Unconfigured,
    Sensor(Rc<Listener>),
    Tagger {
        names: Rc<Names>,
        observed: Option<Rc<Listener>>,
        inspected: Option<Rc<Listener>>,
    },
    Portal(Rc<Desk>),
    Keeper(Keeper),
}

impl Root {
    pub(crate) const fn new(context_id: u32) -> Self {
        Self {
            context_id,
            filter: Filter::Unconfigured,
        }
    }

    fn configure(&mut self) -> Result<(), Vec<Problem>> {
        let vm_policy = VM_POLICY.with(|policy| policy.borrow().clone());
        let plugin = config::parse_plugin(&configuration(Buffer::PluginConfiguration));
        let (Plugin { role, policy }, vm_policy) = match (plugin, vm_policy.transpose()) {
            (Ok(plugin), Ok(vm_policy)) => (plugin, vm_policy),
            (plugin, vm_policy) => {
                let problems = [vm_policy.err(), plugin.err()];
                return Err(problems.into_iter().flatten().flatten().collect());
            }
        };
        let policy = match (policy, vm_policy) {
            (Some(_), Some(_)) => return Err(vec![Problem::policy_twice()]),
            (policy, vm_policy) => policy.or(vm_policy).unwrap_or_default(),
        };
        if !worker::ensure(&policy) {
            return Err(vec![Problem::policy_differs()]);
        }
        let was_watching = self.is_watching();
        self.filter = match role {
            Role::Sensor(sensor) => Filter::Sensor(Rc::new(Listener::new(sensor))),
            Role::Tagger(tagger) => Filter::Tagger {
                names: Rc::new(Names::new(&policy.header)),
                observed: tagger.observe.then(|| Rc::new(Listener::new(BEHIND))),
                inspected: tagger.inspect.then(|| Rc::new(Listener::new(BEHIND))),
            },
            Role::Portal(portal) => Filter::Portal(Rc::new(Desk::new(self.context_id, portal))),
            Role::Keeper => Filter::Keeper(Keeper::new()),
        };
        if was_watching {
            worker::with(Worker::end_watching);
        }
        if self.is_watching() && worker::with(Worker::begin_watching) != Some(true) {
            // Connections pass unjudged, and are counted, until a tick finds a secret.
            host::log(
                Level::Error,
                "portscan: nothing is judged yet: the host gives no secret",
            );
        }
        Ok(())
    }

    const fn is_watching(&self) -> bool {
        matches!(self.filter, Filter::Sensor(_) | Filter::Tagger { .. })
    }
}

/// After a change of the configuration a VM that the keeper shares lives on without its filters.
impl Drop for Root {
    fn drop(&mut self) {
        if self.is_watching() {
            worker::with(Worker::end_watching);
        }
    }
}

/// How a tagger that watches sees the service behind it.
const BEHIND: SensorConfig = SensorConfig {
    decoy: false,
    real_ports: Vec::new(),
    login: false,
    speaks: None,
    names: Vec::new(),
    standing: StandingSource::Tagger,
    hold_secs: 0,
};

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _vm_configuration_size: usize) -> bool {
        let text = configuration(Buffer::VmConfiguration);
        let policy = (!text.is_empty()).then(|| config::parse_policy(&text));
        VM_POLICY.with(|cell| *cell.borrow_mut() = policy);
        // What is wrong is told with the rest, in `on_configure`.
        true
    }

    fn on_configure(&mut self, _plugin_configuration_size: usize) -> bool {
        if let Err(problems) = self.configure() {
            for problem in problems {
                host::log(
                    Level::Error,
                    &format!("portscan: configuration refused: {problem}"),
                );
            }
            return false;
        }
        if host::set_tick_period(TICK_MILLIS).is_err() {
            host::log(Level::Error, "portscan: the host refuses periodic work");
            return false;
        }
        true
    }

    fn on_tick(&mut self) {
        match &mut self.filter {
            Filter::Keeper(keeper) => keeper.tick(),
            Filter::Portal(desk) => desk.work(self.context_id),
            Filter::Unconfigured | Filter::Sensor(_) | Filter::Tagger { .. } => {}
        }
        let due = worker::with(Worker::tick).unwrap_or_default();
        if due.is_empty() {
            return;
        }
        for context_id in due {
            // After the connection has gone this is refused, and its context will end by itself.
            let is_there = host::set_effective_context(context_id).is_ok();
            let effects = worker::with(|worker| worker.hold(context_id)).unwrap_or_default();
            if is_there {
                effects.perform();
            }
        }
        // Refused or not, the next callback begins with its own context.
        let _ = host::set_effective_context(self.context_id);
    }

    fn create_stream_context(&self, context_id: u32) -> Option<Box<dyn StreamContext>> {
        match &self.filter {
            Filter::Sensor(listener) => Some(Box::new(Sensor {
                context_id,
                listener: listener.clone(),
                has_ended: false,
            })),
            Filter::Unconfigured
            | Filter::Tagger { .. }
            | Filter::Portal(_)
            | Filter::Keeper(_) => None,
        }
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        match &self.filter {
            Filter::Tagger {
                names,
                observed,
                inspected,
            } => Some(Box::new(Tagger {
                names: names.clone(),
                observed: observed.clone(),
                contact: None,
                inspected: inspected.clone(),
                probe: None,
            })),
            Filter::Portal(desk) => Some(Box::new(Visitor::new(context_id, desk.clone()))),
            Filter::Unconfigured | Filter::Sensor(_) | Filter::Keeper(_) => None,
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        match &self.filter {
            Filter::Sensor(_) => Some(ContextType::StreamContext),
            Filter::Tagger { .. } | Filter::Portal(_) => Some(ContextType::HttpContext),
            Filter::Unconfigured | Filter::Keeper(_) => None,
        }
    }
}

/// The configuration in `buffer`, at most one byte more than is allowed.
fn configuration(buffer: Buffer) -> Vec<u8> {
    host::buffer(buffer, 0, CONFIG_LEN_MAX + 1).unwrap_or_default()
}
