//! `%START_TIME(format)%`: a moment as text, in UTC.

use super::command::InvalidFormat;

/// A parsed format of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Year,
    YearOfCentury,
    Month,
    MonthName,
    Day,
    DaySpaced,
    DayOfYear,
    Weekday,
    Hour,
    HourOfHalf,
    Half,
    Minute,
    Second,
    /// Seconds since 1970.
    Epoch,
    /// So many digits of the second's fraction.
    Fraction(u8),
    /// Seconds, a dot and so many digits.
    SecondFraction(u8),
    Zone,
    Offset,
}

/// What Envoy takes when nothing is said: `2026-01-02T03:04:05.678Z`.
const DEFAULT: &str = "%Y-%m-%dT%H:%M:%E3SZ";

/// Letters and what they stand for; those of several fields are written out.
const FIELDS: &[(char, &[Piece])] = {
    use Piece::Field as F;
    &[
        ('Y', &[F(Field::Year)]),
        ('y', &[F(Field::YearOfCentury)]),
        ('m', &[F(Field::Month)]),
        ('b', &[F(Field::MonthName)]),
        ('d', &[F(Field::Day)]),
        ('e', &[F(Field::DaySpaced)]),
        ('j', &[F(Field::DayOfYear)]),
        ('a', &[F(Field::Weekday)]),
        ('H', &[F(Field::Hour)]),
        ('I', &[F(Field::HourOfHalf)]),
        ('p', &[F(Field::Half)]),
        ('M', &[F(Field::Minute)]),
        ('S', &[F(Field::Second)]),
        ('s', &[F(Field::Epoch)]),
        ('f', &[F(Field::Fraction(9))]),
        ('Z', &[F(Field::Zone)]),
        ('z', &[F(Field::Offset)]),
    ]
};

/// Short forms.
const SHORT: &[(char, &str)] = &[('T', "%H:%M:%S"), ('F', "%Y-%m-%d"), ('R', "%H:%M")];

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
pub(crate) fn http_date(nanos: u64) -> String {
    let moment = Moment::new(nanos);
    let text = |field| moment.text(field);
    let (hour, minute, second) = (text(Field::Hour), text(Field::Minute), text(Field::Second));
    format!(
        "{}, {} {} {} {hour}:{minute}:{second} GMT",
        text(Field::Weekday),
        text(Field::Day),
        text(Field::MonthName),
        text(Field::Year),
    )
}

impl TimeFormat {
    /// Parses a format; the empty one is Envoy's default.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidFormat> {
        let mut pieces = Vec::new();
        let mut rest = if text.is_empty() { DEFAULT } else { text };
        while let Some((before, after)) = rest.split_once('%') {
            push_literal(&mut pieces, before);
            rest = field(after, &mut pieces).ok_or_else(|| {
                let shown: String = after.chars().take(3).collect();
                InvalidFormat::Time(format!("%{shown}"))
            })?;
        }
        push_literal(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// What a format may contain, for messages.
    pub(super) fn known() -> String {
        let letters = FIELDS.iter().map(|(letter, _)| *letter);
        let short = SHORT.iter().map(|(letter, _)| *letter);
        let mut known: Vec<_> = letters.chain(short).map(|l| format!("%{l}")).collect();
        known.extend(["%1f to %9f", "%E1S to %E9S", "%%"].map(str::to_owned));
        known.join(", ")
    }

    /// The text of the moment `nanos` nanoseconds after the begin of 1970.
    pub(super) fn render(&self, nanos: u64) -> String {
        let moment = Moment::new(nanos);
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Field(field) => moment.text(*field),
        });
        pieces.collect()
    }
}

/// Reads what follows a percent sign, and returns what is behind it; `None` when it is unknown.
fn field<'a>(text: &'a str, pieces: &mut Vec<Piece>) -> Option<&'a str> {
    let mut chars = text.chars();
    let letter = chars.next()?;
    let rest = chars.as_str();
    if letter == '%' {
        push_literal(pieces, "%");
    } else if let Some((_, found)) = FIELDS.iter().find(|(known, _)| *known == letter) {
        pieces.extend_from_slice(found);
    } else if let Some((_, long)) = SHORT.iter().find(|(known, _)| *known == letter) {
        pieces.extend(TimeFormat::parse(long).ok()?.0);
    } else if let Some(digits) = digit(letter) {
        pieces.push(Piece::Field(Field::Fraction(digits)));
        return rest.strip_prefix('f');
    } else if letter == 'E' {
        let digits = chars.next().and_then(digit)?;
        pieces.push(Piece::Field(Field::SecondFraction(digits)));
        return chars.as_str().strip_prefix('S');
    } else {
        return None;
    }
    Some(rest)
}

fn digit(c: char) -> Option<u8> {
    let digit = u8::try_from(c.to_digit(10)?).ok()?;
    (digit > 0).then_some(digit)
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Literal(literal)) => literal.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// A moment in UTC.
struct Moment {
    epoch_secs: u64,
    nanos: u64,
    year: u64,
    /// From 1.
    month: u64,
    /// From 1.
    day: u64,
    day_of_year: u64,
    days: u64,
}

impl Moment {
    fn new(nanos: u64) -> Self {
        let epoch_secs = nanos / 1_000_000_000;
        let days = epoch_secs / 86_400;
        let (mut year, mut left) = (1970, days);
        // A clock of 64 bits ends in 2554: some hundred steps at most.
        while left >= days_of(year) {
            left -= days_of(year);
            year += 1;
        }
        let day_of_year = left + 1;
        let mut month = 1;
        for length in month_lengths(year) {
            if left < length {
                break;
            }
            left -= length;
            month += 1;
        }
        Self {
            epoch_secs,
            nanos: nanos % 1_000_000_000,
            year,
            month,
            day: left + 1,
            day_of_year,
            days,
        }
    }

    fn text(&self, field: Field) -> String {
        let (hour, second) = (self.epoch_secs / 3600 % 24, self.epoch_secs % 60);
        match field {
            Field::Year => self.year.to_string(),
            Field::YearOfCentury => format!("{:02}", self.year % 100),
            Field::Month => format!("{:02}", self.month),
            Field::MonthName => name(MONTHS, self.month - 1),
            Field::Day => format!("{:02}", self.day),
            Field::DaySpaced => format!("{:2}", self.day),
            Field::DayOfYear => format!("{:03}", self.day_of_year),
            // 1970 began on a Thursday.
            Field::Weekday => name(WEEKDAYS, (self.days + 3) % 7),
            Field::Hour => format!("{hour:02}"),
            Field::HourOfHalf => format!("{:02}", (hour + 11) % 12 + 1),
            Field::Half => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Field::Minute => format!("{:02}", self.epoch_secs / 60 % 60),
            Field::Second => format!("{second:02}"),
            Field::Epoch => self.epoch_secs.to_string(),
            Field::Fraction(digits) => self.fraction(digits),
            Field::SecondFraction(digits) => format!("{second:02}.{}", self.fraction(digits)),
            Field::Zone => "UTC".to_owned(),
            Field::Offset => "+0000".to_owned(),
        }
    }

    fn fraction(&self, digits: u8) -> String {
        let mut text = format!("{:09}", self.nanos);
        text.truncate(usize::from(digits));
        text
    }
}

fn name(names: &str, index: u64) -> String {
    let mut all = names.split(' ');
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    all.nth(index).unwrap_or_default().to_owned()
}

const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
const WEEKDAYS: &str = "Mon Tue Wed Thu Fri Sat Sun";

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn month_lengths(year: u64) -> [u64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
