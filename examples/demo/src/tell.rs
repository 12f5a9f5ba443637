//! What the demo prints, coloured only on a terminal.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

/// Prints the story.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tell {
    is_coloured: bool,
}

/// Colours by their numbers (ECMA-48, "select graphic rendition").
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
}

impl Tell {
    /// To standard output; without colours where it is no terminal or `NO_COLOR` is set.
    pub(crate) fn to_terminal() -> Self {
        let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_coloured: io::stdout().is_terminal() && !is_unwanted,
        }
    }

    pub(crate) fn line(self, text: &str) {
        // Who reads no further, such as `head`, still gets to know how it ends, by the exit code.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// The headline of a step.
    pub(crate) fn step(self, number: u8, headline: &str) {
        self.line("");
        self.line(&self.paint(Colour::Bold, &format!("{number}. {headline}")));
    }

    /// Something that somebody does.
    pub(crate) fn act(self, who: &str, what: &str) {
        self.line(&format!("   {who:<10} {what}"));
    }

    /// What the service saw of the verdict.
    pub(crate) fn saw(self, tag: Option<&str>) {
        let seen = match tag {
            None => self.paint(Colour::Green, "no x-portscan"),
            Some(tag) => self.paint(Colour::Red, &format!("x-portscan: {tag}")),
        };
        self.line(&format!("   {:<10} sees {seen}", "service"));
    }

    /// A line of somebody else's.
    pub(crate) fn quote(self, line: &str) {
        self.line(&format!("   {}", self.paint(Colour::Dim, line)));
    }

    fn paint(self, colour: Colour, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[{}m{text}\x1b[0m", colour as u8)
        } else {
            text.to_owned()
        }
    }
}
