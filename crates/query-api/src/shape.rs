//! Shapes of answers: which fields an object has, their types, and what is nested in them.
//!
//! They feed `listApis` and tests that hold real answers against them.

use serde_json::{Value, json};

/// The fields of one kind of object.
#[derive(Debug)]
pub struct ShapeDecl {
    /// Its name in the contract, such as `UserVmResponse`.
    pub name: &'static str,
    /// Its fields, in the order `listApis` gives them.
    pub fields: &'static [FieldDecl],
    /// Fields that several shapes have, after its own.
    pub shared: &'static [&'static [FieldDecl]],
}

/// One field of an object.
#[derive(Debug)]
pub struct FieldDecl {
    /// The key in the answer.
    pub name: &'static str,
    /// `string`, `boolean`, `integer`, `long`, `date`, `list`, `set`, `map`, …
    pub kind: &'static str,
    /// What it means, in our words.
    pub description: &'static str,
    /// The shape of the object or of a list's items.
    pub nested: Option<&'static ShapeDecl>,
}

impl ShapeDecl {
    /// A shape with these fields.
    pub const fn new(name: &'static str, fields: &'static [FieldDecl]) -> Self {
        Self { name, fields, shared: &[] }
    }

    /// The same with fields that other shapes have too.
    #[must_use]
    pub const fn and(self, shared: &'static [&'static [FieldDecl]]) -> Self {
        Self { shared, ..self }
    }

    fn all(&self) -> impl Iterator<Item = &'static FieldDecl> {
        self.fields.iter().chain(self.shared.iter().copied().flatten())
    }

    /// The answer of commands that only say whether they did it.
    pub const SUCCESS: Self = Self::new(
        "SuccessResponse",
        &[
            FieldDecl::new("success", "boolean", "true when it was done"),
            FieldDecl::new("displaytext", "string", "what there is to say about it"),
        ],
    );

    /// `response` of a `listApis` entry.
    pub fn list_apis_fields(&self) -> Value {
        self.all().map(FieldDecl::list_apis_field).collect()
    }

    /// Paths in `object` that the shape does not declare, or that have another JSON type. Empty is right.
    pub fn violations(&self, object: &Value) -> Vec<String> {
        let Value::Object(fields) = object else {
            return vec![format!("{}: not an object", self.name)];
        };
        fields
            .iter()
            .flat_map(|(name, value)| match self.all().find(|field| field.name == name) {
                None => vec![format!("{}.{name}: not a field", self.name)],
                Some(field) => field.violations(self.name, value),
            })
            .collect()
    }
}

impl FieldDecl {
    /// A plain field.
    pub const fn new(name: &'static str, kind: &'static str, description: &'static str) -> Self {
        Self { name, kind, description, nested: None }
    }

    /// A field that holds objects of another shape.
    pub const fn nested(
        name: &'static str,
        kind: &'static str,
        description: &'static str,
        shape: &'static ShapeDecl,
    ) -> Self {
        Self { name, kind, description, nested: Some(shape) }
    }

    fn list_apis_field(&self) -> Value {
        let mut field =
            json!({"name": self.name, "type": self.kind, "description": self.description});
        if let Some(nested) = self.nested {
            field["response"] = nested.list_apis_fields();
        }
        field
    }

    fn violations(&self, shape: &str, value: &Value) -> Vec<String> {
        let fits = match self.kind {
            "boolean" => value.is_boolean(),
            "string" | "date" | "uuid" => value.is_string(),
            "integer" | "int" | "long" | "short" => value.is_i64() || value.is_u64(),
            "float" | "double" => value.is_number(),
            "list" | "set" => value.is_array(),
            "map" => value.is_object(),
            _ => true,
        };
        if !fits {
            return vec![format!("{shape}.{}: not a {}: {value}", self.name, self.kind)];
        }
        match (self.nested, value) {
            (Some(nested), Value::Array(items)) => {
                items.iter().flat_map(|item| nested.violations(item)).collect()
            }
            (Some(nested), value) => nested.violations(value),
            (None, _) => Vec::new(),
        }
    }
}
