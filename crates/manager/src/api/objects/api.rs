//! The description of the API in answers.

use super::api_shape;

api_shape! {
    /// A parameter of a command.
    PARAMETER = "params" {
        "name" string "its name",
        "description" string "what it means",
        "type" string "its type",
        "length" int "most characters",
        "required" boolean "whether the command cannot do without it",
        "related" string "commands that list what it refers to",
        "since" string "the version that first had it",
    }
}

api_shape! {
    /// A field of an answer.
    FIELD = "response" {
        "name" string "its name",
        "description" string "what it means",
        "type" string "its type",
        "response" set "the fields of what it holds",
    }
}

api_shape! {
    /// A command.
    API = "ApiDiscoveryResponse" {
        "name" string "its name",
        "description" string "what it does",
        "isasync" boolean "whether it answers with a job",
        "related" string "commands that answer with the same kind of thing",
        "since" string "the version that first had it",
        "params" set(PARAMETER) "its parameters",
        "response" set(FIELD) "the fields of its answer",
    }
}
