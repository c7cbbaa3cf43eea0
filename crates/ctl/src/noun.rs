//! Commands as data: what a noun can be told, which API call that makes, and how its arguments become parameters.
//!
//! Names, help, completion and `hostler commands` all come from these declarations. Most commands are one API call and
//! nothing else; those that are more (`commands/`) are written out by hand.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use hostler_client::Request;

use crate::context::Context;
use crate::live;
use crate::output::Column;
use crate::resolve::Kind;
use crate::usage::usage;

/// A kind of thing, and what can be done with it.
#[derive(Debug)]
pub(crate) struct Noun {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What is printed of such a thing.
    pub(crate) columns: &'static [Column],
    pub(crate) verbs: &'static [Verb],
}

/// One thing to do: one API call.
#[derive(Debug)]
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The API command.
    pub(crate) command: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// Parameters that are always sent.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    pub(crate) prints: Prints,
}

/// What is printed at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Prints {
    /// Rows of a list; its own columns, or the noun's.
    Rows(Option<&'static [Column]>),
    /// The record of the one thing that is named.
    Record(&'static Kind),
    /// The object that came out, or this sentence with the first argument before it.
    Outcome(&'static str),
    /// These columns of the object that came out.
    Link(&'static [Column]),
}

/// One argument, and the parameter that it becomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    name: &'static str,
    param: &'static str,
    help: &'static str,
    takes: Takes,
    place: Place,
}

/// How a value is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// As it is.
    Text,
    /// The name or id of such a thing; sent as its id.
    Id(&'static Kind),
    /// Again for more; sent as one list.
    Words,
    /// The same, left out while there is only one such thing.
    OnlyId(&'static Kind),
    /// The name or id of such a thing; left out, this other parameter is sent with this value.
    IdOr(&'static Kind, &'static str, &'static str),
    /// One of these words, each with what is sent for it; what is sent will do as well.
    OneOf(&'static [(&'static str, &'static str)]),
    /// As it is; left out, the value of this other argument.
    TextOr(&'static str),
    /// Names or ids, again for more.
    Ids(&'static Kind),
    /// `KEY=VALUE`, again for more.
    Map,
    /// Nothing: it is said or not.
    Switch,
    /// The bytes of a file, in base64.
    Base64File,
    /// A line of standard input, for secrets; a switch.
    Stdin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Positional,
    Flag,
    RequiredFlag,
}

/// An argument by its place.
pub(crate) const fn first(
    name: &'static str,
    param: &'static str,
    takes: Takes,
    help: &'static str,
) -> Argument {
    Argument { name, param, help, takes, place: Place::Positional }
}

/// An argument by its name, that can be left out.
pub(crate) const fn flag(
    name: &'static str,
    param: &'static str,
    takes: Takes,
    help: &'static str,
) -> Argument {
    Argument { name, param, help, takes, place: Place::Flag }
}

/// An argument by its name, that has to be there.
pub(crate) const fn must(
    name: &'static str,
    param: &'static str,
    takes: Takes,
    help: &'static str,
) -> Argument {
    Argument { name, param, help, takes, place: Place::RequiredFlag }
}

/// A verb that prints what came out, or `sentence`.
pub(crate) const fn does(
    name: &'static str,
    command: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
    sentence: &'static str,
) -> Verb {
    Verb { name, about, command, arguments, fixed: &[], prints: Prints::Outcome(sentence) }
}

/// A verb that lists.
pub(crate) const fn lists(
    name: &'static str,
    command: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
) -> Verb {
    Verb { name, about, command, arguments, fixed: &[], prints: Prints::Rows(None) }
}

/// `show THING`.
pub(crate) const fn shows(
    kind: &'static Kind,
    about: &'static str,
    arguments: &'static [Argument],
) -> Verb {
    Verb {
        name: "show",
        about,
        command: kind.list,
        arguments,
        fixed: &[],
        prints: Prints::Record(kind),
    }
}

impl Verb {
    /// The same, always sending these parameters.
    pub(crate) const fn fixed(self, fixed: &'static [(&'static str, &'static str)]) -> Self {
        Self { fixed, ..self }
    }

    /// The same, printing these columns.
    pub(crate) const fn columns(self, columns: &'static [Column]) -> Self {
        Self { prints: Prints::Rows(Some(columns)), ..self }
    }

    /// The same, printing these columns of what came out.
    pub(crate) const fn giving(self, columns: &'static [Column]) -> Self {
        Self { prints: Prints::Link(columns), ..self }
    }

    /// The parameters that it can send.
    pub(crate) fn params(&self) -> impl Iterator<Item = &'static str> {
        let own = self.arguments.iter().map(|argument| argument.param);
        own.chain(self.fixed.iter().map(|(name, _)| *name))
    }

    fn clap(&self) -> Command {
        let command = Command::new(self.name).about(self.about);
        self.arguments.iter().fold(command, |command, argument| command.arg(argument.clap()))
    }

    /// Carries it out.
    pub(crate) async fn run(
        &self,
        context: &Context,
        noun: &Noun,
        matches: &ArgMatches,
    ) -> Result<()> {
        let named = self.arguments.iter().find(|argument| argument.place == Place::Positional);
        let named = named.and_then(|argument| matches.get_one::<String>(argument.name));
        if let (Prints::Record(kind), Some(named)) = (self.prints, named) {
            return context.output.record(&context.record(kind, named).await?, noun.columns);
        }
        let mut request = Request::new(self.command);
        for (name, value) in self.fixed {
            request = request.with(*name, *value);
        }
        for argument in self.arguments {
            request = argument.add_to(context, matches, request).await?;
        }
        match self.prints {
            Prints::Rows(columns) => context.list(&request, columns.unwrap_or(noun.columns)).await,
            Prints::Outcome(sentence) => {
                let named = named.map(|named| format!("{} {named} ", noun.name));
                let sentence = format!("{}{sentence}", named.unwrap_or_default());
                context.perform(&request, &sentence, noun.columns).await
            }
            Prints::Link(columns) => context.perform(&request, noun.name, columns).await,
            Prints::Record(_) => context.perform(&request, noun.name, noun.columns).await,
        }
    }
}

impl Argument {
    fn clap(&self) -> Arg {
        let arg = Arg::new(self.name).help(self.help);
        let arg = match self.takes {
            Takes::Switch | Takes::Stdin => arg,
            _ => arg.value_name(self.name.to_uppercase().replace('-', "_")),
        };
        let arg = match self.place {
            Place::Positional => arg.required(true),
            Place::Flag => arg.long(self.name),
            Place::RequiredFlag => arg.long(self.name).required(true),
        };
        match self.takes {
            Takes::Text | Takes::TextOr(_) => arg,
            Takes::OneOf(words) => {
                let known = words.iter().map(|(word, sent)| PossibleValue::new(word).alias(sent));
                arg.value_parser(PossibleValuesParser::new(known))
            }
            Takes::Id(kind) | Takes::OnlyId(kind) | Takes::IdOr(kind, ..) => {
                arg.add(live::names(kind))
            }
            Takes::Words => arg.action(ArgAction::Append),
            Takes::Ids(kind) => arg.action(ArgAction::Append).add(live::names(kind)),
            Takes::Map => arg.action(ArgAction::Append).value_name("KEY=VALUE"),
            Takes::Switch | Takes::Stdin => arg.action(ArgAction::SetTrue),
            Takes::Base64File => arg.value_name("FILE").value_parser(clap::value_parser!(PathBuf)),
        }
    }

    async fn add_to(
        &self,
        context: &Context,
        matches: &ArgMatches,
        request: Request,
    ) -> Result<Request> {
        let all = || matches.get_many::<String>(self.name).into_iter().flatten();
        match self.takes {
            Takes::Text => Ok(request.with_some(self.param, matches.get_one::<String>(self.name))),
            Takes::Id(kind) => {
                let text = matches.get_one::<String>(self.name).map(String::as_str);
                Ok(request.with_some(self.param, context.optional_id(kind, text).await?))
            }
            Takes::OnlyId(kind) => {
                let text = matches.get_one::<String>(self.name).map(String::as_str);
                Ok(request.with(self.param, context.id_or_only(kind, text).await?))
            }
            Takes::IdOr(kind, other, value) => match matches.get_one::<String>(self.name) {
                Some(text) => Ok(request.with(self.param, context.id(kind, text).await?)),
                None => Ok(request.with(other, value)),
            },
            Takes::OneOf(words) => {
                let said = matches.get_one::<String>(self.name);
                let sent = said.and_then(|said| words.iter().find(|(w, s)| w == said || s == said));
                Ok(request.with_some(self.param, sent.map(|(_, sent)| *sent)))
            }
            Takes::TextOr(other) => {
                let own = matches.get_one::<String>(self.name);
                Ok(request.with_some(self.param, own.or_else(|| matches.get_one::<String>(other))))
            }
            Takes::Words => Ok(listed(request, self.param, &all().cloned().collect::<Vec<_>>())),
            Takes::Ids(kind) => {
                let mut ids = Vec::new();
                for text in all() {
                    ids.push(context.id(kind, text).await?);
                }
                Ok(listed(request, self.param, &ids))
            }
            Takes::Map => mapped(request, self.param, all()),
            Takes::Switch => {
                let said = matches.get_flag(self.name).then_some(true);
                Ok(request.with_some(self.param, said))
            }
            Takes::Stdin if matches.get_flag(self.name) => {
                Ok(request.with(self.param, secret_line(self.name)?))
            }
            Takes::Stdin => Ok(request),
            Takes::Base64File => match matches.get_one::<PathBuf>(self.name) {
                Some(path) => {
                    let bytes = std::fs::read(path)
                        .with_context(|| format!("cannot read {}", path.display()))?;
                    Ok(request.with(self.param, STANDARD.encode(bytes)))
                }
                None => Ok(request),
            },
        }
    }
}

fn listed(request: Request, param: &str, values: &[String]) -> Request {
    request.with_some(param, (!values.is_empty()).then(|| values.join(",")))
}

/// `param[0].key=value`, with one index for each pair: what most clients send.
fn mapped<'a>(
    request: Request,
    param: &str,
    pairs: impl Iterator<Item = &'a String>,
) -> Result<Request> {
    pairs.enumerate().try_fold(request, |request, (index, pair)| {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(usage(format!("{pair} is not KEY=VALUE")));
        };
        Ok(match param {
            // tags are records of key and value
            "tags" => request
                .with(format!("tags[{index}].key"), key)
                .with(format!("tags[{index}].value"), value),
            _ => request.with(format!("{param}[{index}].{key}"), value),
        })
    })
}

fn secret_line(name: &str) -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(usage(format!("--{name}, but standard input is empty")));
    }
    Ok(text.to_owned())
}

/// The command line with all of these: verbs of a noun that is there already are added to it.
pub(crate) fn with_nouns(command: Command, nouns: &'static [&'static Noun]) -> Command {
    nouns.iter().fold(command, |command, noun| {
        let verbs =
            |one: Command| noun.verbs.iter().fold(one, |one, verb| one.subcommand(verb.clap()));
        if command.find_subcommand(noun.name).is_some() {
            command.mut_subcommand(noun.name, verbs)
        } else {
            let one = Command::new(noun.name).about(noun.about);
            command.subcommand(verbs(one.subcommand_required(true).arg_required_else_help(true)))
        }
    })
}

/// The verb that was called, if it is one of these, and its arguments.
pub(crate) fn called<'a>(
    nouns: &'static [&'static Noun],
    matches: &'a ArgMatches,
) -> Option<(&'static Noun, &'static Verb, &'a ArgMatches)> {
    let (noun, matches) = matches.subcommand()?;
    let (verb, matches) = matches.subcommand()?;
    let found = nouns.iter().filter(|one| one.name == noun);
    found
        .flat_map(|one| one.verbs.iter().map(move |verb| (*one, verb)))
        .find(|(_, one)| one.name == verb)
        .map(|(noun, verb)| (noun, verb, matches))
}
