//! Values of any type that can be deserialized, drawn from a number: also of types that are yet to be written.
//!
//! The same number gives the same value, as long as the type stays the same.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// A value of type `T` that follows from `seed`.
pub(crate) fn any<T: for<'de> Deserialize<'de>>(seed: u64) -> T {
    with_choices(seed, &[])
}

/// Like [`any`], but every enum that `choices` names has the variant that it says.
pub(crate) fn with_choices<T: for<'de> Deserialize<'de>>(seed: u64, choices: &[(&str, &str)]) -> T {
    // Some types refuse some values, for instance a prefix length of 77.
    (0..10_000)
        .find_map(|attempt| {
            let mut source = Source::new(seed.wrapping_add(attempt << 32), choices);
            T::deserialize(Any { source: &mut source, place: Place::default() }).ok()
        })
        .expect("no value is accepted; does a text of a new type follow a rule?")
}

/// The names of all variants of the enum called `name` that `T` is or contains.
pub(crate) fn variants<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<&'static str> {
    for seed in 0..10_000 {
        let mut source = Source::new(seed, &[]);
        let _ = T::deserialize(Any { source: &mut source, place: Place::default() });
        if let Some(variants) = source.seen.get(name) {
            return variants.to_vec();
        }
    }
    panic!("{name} was never met")
}

struct Source<'a> {
    state: u64,
    choices: &'a [(&'a str, &'a str)],
    seen: BTreeMap<&'static str, &'static [&'static str]>,
}

impl<'a> Source<'a> {
    const fn new(seed: u64, choices: &'a [(&'a str, &'a str)]) -> Self {
        Self { state: seed, choices, seen: BTreeMap::new() }
    }

    /// The next number (splitmix64).
    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    const fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Mostly small, sometimes anything: the ends of ranges are where encodings differ.
    const fn number(&mut self) -> u64 {
        match self.below(8) {
            0 => self.next(),
            1 => u64::MAX,
            2 => 0,
            3 => self.below(70_000),
            _ => self.below(30),
        }
    }

    fn text(&mut self, place: &Place) -> String {
        let n = self.below(1000);
        match (place.owner, place.field) {
            (_, "host_name") => format!("vm-{n}"),
            ("StartupCommand" | "AlienReport", "name") => self.free_text(),
            (_, "name") => format!("i-2-{n}-VM"),
            _ => self.free_text(),
        }
    }

    fn free_text(&mut self) -> String {
        const TEXTS: [&str; 6] =
            ["", "web", "zone 1", "line\nbreak \"quoted\"", "Zürich 東京", "#cloud-config\n"];
        match self.below(10) {
            0 => "x".repeat(usize::try_from(self.below(300)).unwrap()),
            n => TEXTS[usize::try_from(n).unwrap() % TEXTS.len()].to_owned(),
        }
    }
}

/// Where a value belongs, for texts that follow a rule.
#[derive(Clone, Copy, Default)]
struct Place {
    owner: &'static str,
    field: &'static str,
}

struct Any<'s, 'a> {
    source: &'s mut Source<'a>,
    place: Place,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The parts of a struct, tuple, list or map, one after another.
struct Parts<'s, 'a> {
    source: &'s mut Source<'a>,
    owner: &'static str,
    fields: &'static [&'static str],
    given: usize,
    count: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        if self.given == self.count {
            return Ok(None);
        }
        let field = self.fields.get(self.given).copied().unwrap_or_default();
        self.given += 1;
        let place = Place { owner: self.owner, field };
        seed.deserialize(Any { source: self.source, place }).map(Some)
    }
}

impl<'de> MapAccess<'de> for Parts<'_, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(Any { source: self.source, place: Place::default() })
    }
}

impl<'s, 'a> Any<'s, 'a> {
    const fn parts(self, count: usize) -> Parts<'s, 'a> {
        Parts { source: self.source, owner: "", fields: &[], given: 0, count }
    }

    fn few(&mut self) -> usize {
        usize::try_from(self.source.below(4)).unwrap()
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty);* $(;)?) => {$(
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            visitor.$visit(self.source.number() as $type)
        }
    )*};
}

impl<'de> Deserializer<'de> for Any<'_, '_> {
    type Error = Refused;

    numbers! {
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_bool(self.source.below(2) == 1)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_string(self.source.text(&self.place))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_string(visitor)
    }

    /// Bytes are always those of a UUID here.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let (high, low) = (self.source.next(), self.source.next());
        visitor.visit_bytes(&[high.to_be_bytes(), low.to_be_bytes()].concat())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.source.below(2) == 0 { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        let count = self.few();
        visitor.visit_seq(self.parts(count))
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        let count = self.few();
        visitor.visit_map(self.parts(count))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(self.parts(count))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        owner: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let count = fields.len();
        visitor.visit_seq(Parts { source: self.source, owner, fields, given: 0, count })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.source.seen.insert(name, variants);
        let variant = match self.source.choices.iter().find(|(of, _)| *of == name) {
            Some((_, chosen)) => chosen,
            None => variants[usize::try_from(self.source.next() >> 1).unwrap() % variants.len()],
        };
        let name: StrDeserializer<'_, Refused> = variant.into_deserializer();
        visitor.visit_enum(Choice { source: self.source, name })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        panic!("bincode cannot read types that want to be asked what they are")
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char byte_buf unit_struct tuple_struct identifier ignored_any
    }
}

struct Choice<'s, 'a, 'n> {
    source: &'s mut Source<'a>,
    name: StrDeserializer<'n, Refused>,
}

impl<'de, 's, 'a> EnumAccess<'de> for Choice<'s, 'a, '_> {
    type Error = Refused;
    type Variant = Any<'s, 'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Refused> {
        let value = seed.deserialize(self.name)?;
        Ok((value, Any { source: self.source, place: Place::default() }))
    }
}

impl<'de> VariantAccess<'de> for Any<'_, '_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_tuple(count, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_struct("", fields, visitor)
    }
}
