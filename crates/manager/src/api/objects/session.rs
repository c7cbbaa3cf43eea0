//! What logging in and out answers, and what the product can do.

use super::{api_object, api_shape};

api_shape! {
    /// A new session.
    LOGIN = "LoginCmdResponse" {
        "username" string "the user's name",
        "userid" string "the user's id",
        "domainid" string "the user's domain",
        "timeout" integer "seconds after which an unused session ends",
        "account" string "the user's account",
        "firstname" string "first name",
        "lastname" string "last name",
        "type" string "the account's type, by number",
        "timezone" string "by whose clock the user lives, UTC if nobody said; times in answers are UTC",
        "timezoneoffset" string "that zone's offset at the moment, in hours",
        "registered" string "whether the user registered themselves, always false",
        "sessionkey" string "what every call has to carry beside the cookies",
        "is2faenabled" string "whether a second factor is used, always false",
        "is2faverified" string "whether it was given, always true",
        "issuerfor2fa" string "who asks for it",
    }
}

api_shape! {
    /// The end of a session.
    LOGOUT = "LogoutCmdResponse" {
        "description" string "success",
    }
}

api_object! {
    /// What the product can do.
    CAPABILITIES = "CapabilitiesResponse", capabilities(version: &str) {
        "cloudstackversion" string "the version of the API that this one is compatible with" => version,
        "securitygroupsenabled" boolean "whether VMs have security groups" => false,
        "dynamicrolesenabled" boolean "whether roles can be made, always true" => true,
        "userpublictemplateenabled" boolean "whether users may make templates public" => true,
        "supportELB" string "whether there are elastic load balancers, always false" => "false",
        "projectinviterequired" boolean "whether projects ask before they add, always false" => false,
        "allowusercreateprojects" boolean "whether users may make projects, always false" => false,
        "customdiskofferingminsize" long "smallest volume of a chosen size, in GiB" => 1,
        "customdiskofferingmaxsize" long "largest volume of a chosen size, in GiB" => 1024,
        "regionsecondaryenabled" boolean "whether regions share secondary storage, always false" => false,
        "kvmsnapshotenabled" boolean "whether volumes of running VMs can be copied, always true" => true,
        "allowuserviewdestroyedvm" boolean "whether users see their destroyed VMs" => true,
        "allowuserexpungerecovervm" boolean "whether users may expunge their VMs" => true,
        "allowuserexpungerecovervolume" boolean "whether users may expunge their volumes" => true,
        "allowuserviewalldomainaccounts" boolean "whether users see other accounts, always false" => false,
        "allowuserforcestopvm" boolean "whether users may end their VMs at once" => true,
        "kubernetesserviceenabled" boolean "whether there are Kubernetes clusters, always false" => false,
        "kubernetesclusterexperimentalfeaturesenabled" boolean "more of these, always false" => false,
        "dynamicscalingenabled" boolean "whether running VMs can change their size, always false" => false,
        "defaultuipagesize" long "rows in a page of a user interface" => 20,
        "instancesstatsretentiontime" integer "minutes for which statistics are kept, none yet" => 0,
        "instancesstatsuseronly" boolean "whether statistics are of users' VMs only" => true,
        "instancesdisksstatsretentionenabled" boolean "whether statistics of disks are kept, always false" => false,
        "instancesdisksstatsretentiontime" integer "minutes for which these are kept" => 0,
    }
}
