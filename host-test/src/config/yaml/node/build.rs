//! Builds the tree of a text out of the events of its parser, without any recursion.

use std::{borrow::Cow, collections::BTreeMap};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{BYTES_MAX, Entry, Node, Value, plain};
use crate::config::yaml::problem::Position;

/// Values at most, those that aliases repeat included.
const VALUES_MAX: usize = 200_000;
/// Depth at most, that of aliases included.
const DEPTH_MAX: usize = 64;

/// Why a text has no tree, and where.
type Failure = (Option<Position>, String);

/// Reads `text`. Fails with one problem where it is no YAML, too large, or more than one document.
pub(in crate::config::yaml) fn load(text: &str) -> Result<Node, Failure> {
    if text.len() > BYTES_MAX {
        let message = format!("{} bytes, at most {BYTES_MAX} are read", text.len());
        return Err((None, message));
    }
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| no_yaml(&error))?;
        builder.take(event, span)?;
    }
    let nothing = Node {
        at: Position::default(),
        value: Value::Null,
    };
    Ok(builder.root.unwrap_or(nothing))
}

fn no_yaml(error: &ScanError) -> Failure {
    let mark = error.marker();
    let at = Position {
        line: mark.line() as u64,
        column: mark.col() as u64 + 1,
    };
    let reason = error.info().replace('\n', " ");
    (Some(at), format!("not YAML: {reason}"))
}

#[derive(Default)]
struct Builder {
    /// Lists and mappings that are not closed yet, the innermost last.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Built>,
    values: usize,
    documents: usize,
    root: Option<Node>,
}

/// A list or a mapping that is not closed yet.
struct Open {
    at: Position,
    anchor: usize,
    values: usize,
    depth: usize,
    collection: Collection,
}

enum Collection {
    List(Vec<Node>),
    /// Entries, and the key whose value comes next.
    Map(Vec<Entry>, Option<Key>),
}

struct Key {
    at: Position,
    text: String,
    /// Envoy leaves entries with the tag `!ignore` out: they hold anchors.
    ignored: bool,
}

/// A value with its size.
#[derive(Clone)]
struct Built {
    node: Node,
    values: usize,
    depth: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Failure> {
        let at = Position {
            line: span.start.line() as u64,
            column: span.start.col() as u64 + 1,
        };
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message =
                        "a second document begins here, expected one: Envoy reads the first alone";
                    return Err((Some(at), message.to_owned()));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(at, text, style, anchor, tag.as_deref())
            }
            Event::Alias(anchor) => self.alias(at, anchor),
            Event::SequenceStart(_, anchor, _) => {
                self.open(at, anchor, Collection::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(at, anchor, Collection::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        at: Position,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), Failure> {
        // yaml-cpp gives what is not plain the tag `!` unless it has one.
        let is_text = match tag {
            None => style != ScalarStyle::Plain,
            Some(tag) => tag.original() == "!",
        };
        if let Some(key) = self.expected_key() {
            *key = Some(Key {
                at,
                text: text.clone().into_owned(),
                ignored: tag.is_some_and(|tag| tag.original() == "!ignore"),
            });
            let node = Node {
                at,
                value: Value::Text(text.into_owned()),
            };
            self.remember(anchor, node, 1, 0);
            return Ok(());
        }
        let is_null = tag.is_none() && !is_text && NULLS.contains(&&*text);
        let value = if is_null {
            Value::Null
        } else if is_text {
            Value::Text(text.into_owned())
        } else {
            plain(&text)
        };
        let node = Node { at, value };
        self.remember(anchor, node.clone(), 1, 0);
        self.add(
            at,
            Built {
                node,
                values: 1,
                depth: 0,
            },
        )
    }

    fn alias(&mut self, at: Position, anchor: usize) -> Result<(), Failure> {
        let Some(built) = self.anchors.get(&anchor) else {
            return Err((Some(at), "an alias of what it stands in".to_owned()));
        };
        if let Value::Text(text) = &built.node.value {
            let key = Key {
                at,
                text: text.clone(),
                ignored: false,
            };
            if let Some(expected) = self.expected_key() {
                *expected = Some(key);
                return Ok(());
            }
        }
        let built = self.anchors.get(&anchor).cloned();
        built.map_or(Ok(()), |built| self.add(at, built))
    }

    fn open(&mut self, at: Position, anchor: usize, collection: Collection) -> Result<(), Failure> {
        if self.expected_key().is_some() {
            return Err((Some(at), "expected a text as key".to_owned()));
        }
        self.open.push(Open {
            at,
            anchor,
            values: 1,
            depth: 1,
            collection,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.collection {
            Collection::List(items) => Value::List(items),
            Collection::Map(entries, _) => Value::Map(entries),
        };
        let node = Node { at: open.at, value };
        let (values, depth) = (open.values, open.depth);
        if open.anchor != 0 {
            self.values += values;
            self.remember(open.anchor, node.clone(), values, depth);
        }
        self.add(
            open.at,
            Built {
                node,
                values,
                depth,
            },
        )
    }

    /// Where the key of the innermost mapping belongs, if one comes next.
    fn expected_key(&mut self) -> Option<&mut Option<Key>> {
        match &mut self.open.last_mut()?.collection {
            Collection::Map(_, key) if key.is_none() => Some(key),
            _ => None,
        }
    }

    fn remember(&mut self, anchor: usize, node: Node, values: usize, depth: usize) {
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Built {
                    node,
                    values,
                    depth,
                },
            );
        }
    }

    /// Puts a value where it belongs.
    fn add(&mut self, at: Position, built: Built) -> Result<(), Failure> {
        self.values += built.values;
        if self.values > VALUES_MAX {
            let message = format!("more than {VALUES_MAX} values, those of aliases included");
            return Err((Some(at), message));
        }
        if self.open.len() + built.depth > DEPTH_MAX {
            let message = format!("deeper than {DEPTH_MAX} levels, those of aliases included");
            return Err((Some(at), message));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built.node);
            return Ok(());
        };
        open.values += built.values;
        open.depth = open.depth.max(built.depth + 1);
        match &mut open.collection {
            Collection::List(items) => items.push(built.node),
            Collection::Map(entries, key) => match key.take() {
                None => return Err((Some(at), "expected a text as key".to_owned())),
                Some(key) if key.ignored => {}
                Some(key) => entries.push(Entry {
                    at: key.at,
                    key: key.text,
                    value: built.node,
                }),
            },
        }
        Ok(())
    }
}

/// Spellings of null in yaml-cpp.
const NULLS: &[&str] = &["", "~", "null", "Null", "NULL"];
