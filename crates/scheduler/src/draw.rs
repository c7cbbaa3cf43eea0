//! Numbers that look drawn and follow from a seed: who plans again with the seed gets the same choice.

/// A number below `bound`, which is at least 1: `SplitMix64`'s first, brought into the range by multiplication.
pub(crate) fn below(seed: u64, bound: usize) -> usize {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let scaled = (u128::from(mixed) * bound.max(1) as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

/// The seed of the next decision of a request.
pub(crate) fn next(seed: u64) -> u64 {
    seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_bound_comes_about_as_often() {
        let mut times = [0u32; 5];
        let mut seed = 7;
        for _ in 0..10_000 {
            seed = next(seed);
            times[below(seed, 5)] += 1;
        }
        assert!(times.iter().all(|times| (1_800..2_200).contains(times)), "{times:?}");
        assert_eq!(below(99, 1), 0);
    }
}
