//! Traps that Envoy sets for every module, and the test that covers each.
//!
//! | trap | test |
//! |---|---|
//! | `cas = 0` writes always, so two workers that are both first lose one write | [`workers`]: `first_contacts_on_all_workers_at_once_are_all_kept`, `contacts_of_one_source_on_all_workers_at_once_are_all_counted` |
//! | `on_vm_start` and `on_configure` run once per thread, twice more, and for every filter | [`workers`]: `an_edge_that_has_seen_nobody_has_counted_nothing` |
//! | filters with different `vm_config` get VMs of their own | [`workers`]: `all_filters_of_a_worker_share_one_vm` |
//! | ticks come on every worker, on the main thread, and for every filter | [`workers`]: `contacts_of_one_source_on_all_workers_at_once_are_all_counted`; `tagging`: the gauges have one writer |
//! | adding 0 to a counter is an error | [`workers`]: `an_edge_that_has_seen_nobody_has_counted_nothing` |
//! | names of metrics are kept for ever | [`workers`]: `no_client_makes_a_new_metric` |
//! | shared data cannot be deleted, and nothing in it expires | `tagging`: a verdict that expires; `failure::update`; the core's tests of bounds |
//! | old and new VMs live side by side during an update | `failure::update` |
//! | filters of one VM may come with different policies | `configuration::together` |
//! | filter state can be emptied, not deleted | [`connections`]: `an_expired_verdict_is_empty_in_the_log_of_a_kept_connection` |
//! | `set_property` takes single names only, and is refused in a root context | `sound` after every tick that closes connections: [`connections`], `hold` |
//! | `set_effective_context` is refused once a connection has gone | [`connections`]: `connections_that_end_as_their_time_ends_harm_nobody` |
//! | closing a connection can call back into the module at once | `failure::blocking`: closing within the first event, and within later ones |
//! | not every connection gets a close event | [`connections`]: `connections_that_are_reset_or_half_closed_leave_nothing_behind` |
//! | in an HTTP filter `source.address` follows X-Forwarded-For | `hygiene`: `x_forwarded_for_frames_and_hides_nobody`; `configuration::filters`: observing is refused without a word about it |
//! | `header_mutation` with OVERWRITE leaves a client's header when there is no verdict | `hygiene`: a client's own header, of clean and of flagged sources |
//! | `header_mutation` leaves trailers and `x_portscan` alone unless told | `hygiene` |
//! | under FAIL_OPEN, and while a module is down, nobody of ours removes headers | `crash` |
//! | FAIL_RELOAD closes connections during its back-off, and keeps shared data | `crash` |
//! | a broken singleton is final | `tagging`, all: verdicts need no keeper; `crash` |
//! | RBAC of a network filter acts at the first byte | `failure::refusal` |
//! | echo answers, and never times out | `edge::say` accepts no answer; `hold` |
//! | endless open connections at decoys | [`listeners`]: `contacts_beyond_the_limit_of_a_decoy_are_closed_and_counted` |
//! | listener filters that wait for bytes swallow silent connections | [`listeners`]: `a_silent_probe_behind_tls_inspector_is_seen_by_envoy_alone`; `tls`: the variant without |
//! | TLS connections that match no filter chain are dropped | [`listeners`]: `a_name_that_nobody_serves_still_reaches_the_sensor` |
//! | half-open scans never reach Envoy | [`listeners`]: `a_half_open_scan_is_not_seen` |
//! | a network filter sees unproven addresses on QUIC | `configuration::files`: the check refuses it |
//! | two Envoys share a port without a word (SO_REUSEPORT) | the tests of `real-envoy`: two at once do not meet |
//! | a peer is a pipe, or another listener of Envoy | `no_address` |

mod connections;
mod listeners;
mod workers;
