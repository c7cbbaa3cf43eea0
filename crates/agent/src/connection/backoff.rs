//! How long to wait before the next attempt to connect. Pure: the dice come in as an argument.

use std::time::Duration;

/// The ceiling of the first wait.
const FIRST: Duration = Duration::from_secs(1);
/// No wait is shorter, so that a manager that closes at once cannot keep an agent busy.
const SHORTEST: Duration = Duration::from_millis(50);

/// Exponential back-off with full jitter: the ceiling doubles, the wait is anywhere below it.
///
/// Ten thousand agents that lost the same manager at the same moment come back spread out.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    ceiling: Duration,
    longest: Duration,
}

impl Backoff {
    /// A back-off that never waits longer than `longest`.
    pub(crate) fn new(longest: Duration) -> Self {
        Self { ceiling: FIRST.min(longest), longest }
    }

    /// The next wait. `dice` is anything from 0 to 1.
    pub(crate) fn next(&mut self, dice: f64) -> Duration {
        let wait = self.ceiling.mul_f64(dice.clamp(0.0, 1.0)).max(SHORTEST);
        self.ceiling = (self.ceiling * 2).min(self.longest);
        wait
    }

    /// Starts over, after a connection that was of use.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.longest);
    }
}

/// A wait that the manager asked for, made up to a quarter longer, so that agents come back spread out.
pub(crate) fn asked_for(seconds: u32, dice: f64) -> Duration {
    let wait = Duration::from_secs(u64::from(seconds)).max(SHORTEST);
    wait + wait.mul_f64(0.25 * dice.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_secs(30));
        let waits: Vec<_> = (0..8).map(|_| backoff.next(1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn the_first_retry_comes_within_a_second() {
        for dice in [0.0, 0.3, 1.0] {
            assert!(Backoff::new(Duration::from_secs(30)).next(dice) <= Duration::from_secs(1));
        }
    }

    #[test]
    fn jitter_reaches_the_whole_range_but_never_zero() {
        let mut backoff = Backoff::new(Duration::from_secs(4));
        backoff.next(0.5);
        backoff.next(0.5);
        assert_eq!(backoff.clone().next(0.25), Duration::from_secs(1));
        assert_eq!(backoff.next(0.0), SHORTEST);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_never_cut_short() {
        assert_eq!(asked_for(40, 0.0), Duration::from_secs(40));
        assert_eq!(asked_for(40, 1.0), Duration::from_secs(50));
        assert!(asked_for(0, 0.0) > Duration::ZERO);
    }
}
