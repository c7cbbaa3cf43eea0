//! Audits in answers.

use hostler_store::audit::{Audit, Difference};
use serde_json::Value;

use super::api_object;

api_object! {
    /// Something that the books say and that is not so.
    DIFFERENCE = "DifferenceResponse", difference(row: &Difference) {
        "book" string "claim, limit, address, volume, run, tally, report or host" => row.book,
        "id" string "the id of what it is about" => row.about,
        "description" string "what is wrong" => row.text,
    }
}

api_object! {
    /// What was recomputed, and what was found.
    AUDIT = "AuditResponse", audit(result: &Audit, reports: usize) {
        "claims" long "claims on hosts that were recomputed" => result.claims,
        "limits" long "amounts that count against limits" => result.limits,
        "addresses" long "addresses that are given out" => result.addresses,
        "volumes" long "volumes" => result.volumes,
        "runs" long "VMs that run by the record" => result.runs,
        "reports" integer "hosts whose reports the runs were held against" => reports,
        "differences" list(DIFFERENCE) "what is wrong; none is the only right answer" => result
            .differences.iter().map(difference).collect::<Vec<Value>>(),
    }
}
