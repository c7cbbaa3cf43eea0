//! Numbers that look drawn and follow from a seed (splitmix64).

/// What is drawn next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The numbers of `seed`.
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both of them possible.
    pub(crate) const fn from(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True so many times in a hundred.
    pub(crate) const fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these; nothing if there is none.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(of.len()).ok()?.checked_sub(1)?;
        of.get(usize::try_from(self.from(0, last)).ok()?)
    }

    /// Numbers of their own, for something whose draws must not change what is drawn here.
    pub(crate) const fn apart(&mut self) -> Self {
        Self(self.next())
    }
}
