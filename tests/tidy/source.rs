//! A Rust file taken apart: code without comments and texts, the texts, and which lines are tests.
//!
//! Not a parser: it knows comments, literals and braces, and nothing else of the language.

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the project, with `/`.
    pub(crate) path: String,
    /// Its lines as they are.
    pub(crate) lines: Vec<String>,
    /// Its lines with comments and the insides of literals blanked.
    pub(crate) code: Vec<String>,
    /// Its string literals, each with the number of the line on which it begins, from 1.
    pub(crate) texts: Vec<(usize, String)>,
    /// The modules that it declares as `#[cfg(test)] mod x;`: paths without `.rs`.
    pub(crate) test_modules: Vec<String>,
    /// Whether all of it is test.
    pub(crate) is_test_file: bool,
    test: Vec<bool>,
}

impl Source {
    pub(crate) fn take_apart(path: &str, text: &str) -> Self {
        let (blanked, texts) = blank(text);
        let code: Vec<String> = blanked.lines().map(str::to_owned).collect();
        let mut source = Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            test: vec![false; code.len()],
            code,
            texts,
            test_modules: Vec::new(),
            is_test_file: false,
        };
        source.find_tests(&blanked);
        let folders = ["tests/", "crates/test-support/"];
        if folders.iter().any(|folder| path.starts_with(folder))
            || path.contains("/tests/") && !path.contains("/src/")
            || path.contains("/benches/")
            || blanked.contains("#![cfg(test)]")
        {
            source.is_all_test();
        }
        source
    }

    pub(crate) fn is_all_test(&mut self) {
        self.is_test_file = true;
        self.test.fill(true);
    }

    /// Whether this file is the module, or one inside it.
    pub(crate) fn belongs_to(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// The lines of code that are not tests, each with its number from 1.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.iter().zip(&self.test).enumerate();
        lines.filter(|(_, (_, test))| !**test).map(|(at, (line, _))| (at + 1, line.as_str()))
    }

    /// The texts that are not in tests.
    pub(crate) fn product_texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let texts = self.texts.iter().filter(|(line, _)| !self.is_test_line(*line));
        texts.map(|(line, text)| (*line, text.as_str()))
    }

    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.test.get(line.saturating_sub(1)).copied().unwrap_or(self.is_test_file)
    }

    /// `path:line`, as editors and terminals read it.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    fn find_tests(&mut self, blanked: &str) {
        let bytes = blanked.as_bytes();
        for marker in ["#[cfg(test)]", "#[cfg(all(test"] {
            for (at, _) in blanked.match_indices(marker) {
                let (end, is_block) = item_end(bytes, at + marker.len());
                if is_block {
                    let first = line_of(bytes, at);
                    let last = line_of(bytes, end).min(self.test.len().saturating_sub(1));
                    self.test[first..=last].fill(true);
                } else if let Some(name) = outline_module(&blanked[at..end]) {
                    let folder = self.folder_of_modules();
                    self.test_modules.push(format!("{folder}/{name}"));
                }
            }
        }
    }

    fn folder_of_modules(&self) -> String {
        let stem = self.path.trim_end_matches(".rs");
        match stem.rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder.to_owned(),
            _ => stem.to_owned(),
        }
    }
}

/// Whether `line` has `word` with nothing before it that makes it a longer one.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at.min(bytes.len())].split(|byte| *byte == b'\n').count() - 1
}

/// Where the item after an attribute ends, and whether it has a body in braces.
fn item_end(bytes: &[u8], from: usize) -> (usize, bool) {
    let (mut depth, mut at) = (0i32, from);
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth <= 0 => return (at, false),
            b'{' if depth <= 0 => return (closing_brace(bytes, at), true),
            _ => {}
        }
        at += 1;
    }
    (at, false)
}

fn closing_brace(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn outline_module(item: &str) -> Option<String> {
    let mut words = item.split_whitespace().skip_while(|word| *word != "mod");
    words.next()?;
    words.next().map(str::to_owned)
}

/// Blanks comments and the insides of literals; lines and columns stay. Returns the texts beside it.
fn blank(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut texts) = (String::with_capacity(text.len()), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = match piece(&chars, at) {
            Piece::Code => {
                out.push(if chars[at].is_ascii() { chars[at] } else { '?' });
                line += usize::from(chars[at] == '\n');
                at += 1;
                continue;
            }
            Piece::Comment(end) | Piece::Char(end) => end,
            Piece::Text { inside, end } => {
                texts.push((line, chars[inside.0..inside.1].iter().collect()));
                end
            }
        };
        for c in &chars[at..end] {
            out.push(if *c == '\n' { '\n' } else { ' ' });
            line += usize::from(*c == '\n');
        }
        at = end;
    }
    (out, texts)
}

enum Piece {
    Code,
    Comment(usize),
    Char(usize),
    Text { inside: (usize, usize), end: usize },
}

fn piece(chars: &[char], at: usize) -> Piece {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => Piece::Comment(find(chars, at, |c| c == '\n')),
        '/' if next == Some('*') => Piece::Comment(end_of_block_comment(chars, at)),
        '"' => quoted(chars, at),
        'r' if !follows_word(chars, at) => raw(chars, at),
        '\'' if next == Some('\\') => {
            Piece::Char((find(chars, at + 3, |c| c == '\'') + 1).min(chars.len()))
        }
        '\'' if chars.get(at + 2) == Some(&'\'') => Piece::Char(at + 3),
        _ => Piece::Code,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| wanted(chars[*at])).unwrap_or(chars.len())
}

/// `r` is a raw string's only at the beginning of a word, but for `br` and `cr`.
fn follows_word(chars: &[char], at: usize) -> bool {
    let is_word = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    match at {
        0 => false,
        _ if matches!(chars[at - 1], 'b' | 'c') => at > 1 && is_word(at - 2),
        _ => is_word(at - 1),
    }
}

fn quoted(chars: &[char], at: usize) -> Piece {
    let mut end = at + 1;
    while end < chars.len() && chars[end] != '"' {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    let end = end.min(chars.len());
    Piece::Text { inside: (at + 1, end), end: (end + 1).min(chars.len()) }
}

fn raw(chars: &[char], at: usize) -> Piece {
    let open = find(chars, at + 1, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return Piece::Code;
    }
    let hashes = open - at - 1;
    let is_end = |end: usize| {
        chars[end] == '"' && chars[end + 1..].iter().take_while(|c| **c == '#').count() >= hashes
    };
    let end = (open + 1..chars.len()).find(|end| is_end(*end)).unwrap_or(chars.len());
    Piece::Text { inside: (open + 1, end), end: (end + 1 + hashes).min(chars.len()) }
}

fn end_of_block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

#[test]
fn comments_and_texts_are_not_code() {
    let source = Source::take_apart(
        "crates/x/src/lib.rs",
        "a(); // b()\n/* c() /* d() */ */ e(\"f() \\\" g()\", r#\"h() \" i()\"#, '\"', '\\'', b'x');\nj::<'k>();",
    );
    let code = source.code.join("\n");
    for gone in ["b()", "c()", "d()", "f()", "g()", "h()", "i()"] {
        assert!(!code.contains(gone), "{gone} is still in {code}");
    }
    assert!(code.contains("a();") && code.contains("e(") && code.contains("j::<'k>();"), "{code}");
    assert_eq!(source.texts, [(2, "f() \\\" g()".to_owned()), (2, "h() \" i()".to_owned())]);
}

#[test]
fn test_modules_are_told_from_the_rest() {
    let source = Source::take_apart(
        "crates/x/src/part/mod.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod world;\n",
    );
    let product: Vec<usize> = source.product_lines().map(|(line, _)| line).collect();
    assert_eq!(product, [1, 6, 7, 8]);
    assert_eq!(source.test_modules, ["crates/x/src/part/world"]);
    let world = Source::take_apart("crates/x/src/part/world.rs", "fn d() {}");
    assert!(world.belongs_to(&source.test_modules[0]));
}
