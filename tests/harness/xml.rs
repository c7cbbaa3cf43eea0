//! XML as a tree of elements, to look into answers. Not here: writing it (`hostler_query_api`).

use anyhow::{Context as _, bail};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// An element: its name, its text, and what is in it. Attributes are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// The text directly in it.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The elements in it of one name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element in it of one name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }
}

/// The element at the top of a document.
///
/// # Errors
/// If the document is not well formed, or has not exactly one.
pub fn read(document: &str) -> anyhow::Result<Element> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().context("no XML")?;
        match event {
            Event::Start(tag) => open.push(named(tag.name().as_ref())),
            Event::Empty(tag) => {
                let element = named(tag.name().as_ref());
                open.last_mut().context("an element is open")?.children.push(element);
            }
            Event::End(_) => {
                let done = open.pop().context("an element is open")?;
                open.last_mut().context("more ends than beginnings")?.children.push(done);
            }
            Event::Text(text) => {
                open.last_mut().context("an element is open")?.text += &*text;
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .context("an entity that nobody declared")?
                        .to_owned(),
                };
                open.last_mut().context("an element is open")?.text += &character;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match &mut open[..] {
        [top] if top.children.len() == 1 => Ok(top.children.remove(0)),
        _ => bail!("not exactly one element at the top, or one that does not end"),
    }
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}
