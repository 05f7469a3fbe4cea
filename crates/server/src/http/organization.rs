//! The organization a request speaks of (contract.md, "The organization of a request").

use axum::extract::Query;
use axum::http::request::Parts;

use crate::identity::OrganizationRef;

/// The header that names the organization by its slug.
const HEADER: &str = "x-organization";

/// What is wrong with the organization of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationError {
    /// `org_id` beside `org` or the header.
    #[error(
        "You cannot specify \"org_id\" with \"org\" query parameter or \"X-Organization\" HTTP header at the same time."
    )]
    Ambiguous,
    /// `org` and the header name different organizations.
    #[error(
        "You cannot specify \"org\" query parameter and \"X-Organization\" HTTP header with different values."
    )]
    Contradiction,
    /// `org_id` is not a number, or the header is not text.
    #[error("{name} is not valid: {text:?}.")]
    Invalid {
        /// The parameter or header.
        name: &'static str,
        /// What it says.
        text: String,
    },
    /// No such organization.
    #[error("unknown organization {0}")]
    Unknown(OrganizationRef),
}

/// What the request names; `None` is no organization.
pub(super) fn wanted(parts: &Parts) -> Result<Option<OrganizationRef>, OrganizationError> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let query = query.map(|Query(pairs)| pairs).unwrap_or_default();
    // As in CVAT, the last one of equal parameters counts.
    let parameter = |name: &str| query.iter().rfind(|(n, _)| n == name).map(|(_, v)| &**v);
    let header =
        match parts.headers.get(HEADER) {
            None => None,
            Some(value) => Some(std::str::from_utf8(value.as_bytes()).map_err(|_| {
                OrganizationError::Invalid {
                    name: "X-Organization",
                    text: String::from_utf8_lossy(value.as_bytes()).into_owned(),
                }
            })?),
        };
    choose(header, parameter("org"), parameter("org_id"))
}

fn choose(
    header: Option<&str>,
    org: Option<&str>,
    org_id: Option<&str>,
) -> Result<Option<OrganizationRef>, OrganizationError> {
    if org_id.is_some() && (org.is_some() || header.is_some()) {
        return Err(OrganizationError::Ambiguous);
    }
    if let (Some(org), Some(header)) = (org, header)
        && org != header
    {
        return Err(OrganizationError::Contradiction);
    }
    let slug = org.or(header).unwrap_or_default();
    if !slug.is_empty() {
        return Ok(Some(OrganizationRef::Slug(slug.to_owned())));
    }
    match org_id.unwrap_or_default() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(id) => Ok(Some(OrganizationRef::Id(id))),
            Err(_) => Err(OrganizationError::Invalid {
                name: "org_id",
                text: text.to_owned(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_parameters_are_combined_as_in_cvat() {
        let slug = |text: &str| Ok(Some(OrganizationRef::Slug(text.to_owned())));
        let invalid = |text: &str| {
            Err(OrganizationError::Invalid {
                name: "org_id",
                text: text.to_owned(),
            })
        };
        let cases = [
            // (X-Organization, org, org_id)
            ((None, None, None), Ok(None)),
            ((Some(""), None, None), Ok(None)),
            ((None, Some(""), None), Ok(None)),
            ((None, None, Some("")), Ok(None)),
            ((Some("acme"), None, None), slug("acme")),
            ((None, Some("acme"), None), slug("acme")),
            ((Some("acme"), Some("acme"), None), slug("acme")),
            ((None, None, Some("4")), Ok(Some(OrganizationRef::Id(4)))),
            (
                (Some("acme"), Some("b"), None),
                Err(OrganizationError::Contradiction),
            ),
            (
                (Some("acme"), Some(""), None),
                Err(OrganizationError::Contradiction),
            ),
            (
                (Some("acme"), None, Some("4")),
                Err(OrganizationError::Ambiguous),
            ),
            (
                (Some(""), None, Some("4")),
                Err(OrganizationError::Ambiguous),
            ),
            (
                (None, Some("acme"), Some("4")),
                Err(OrganizationError::Ambiguous),
            ),
            ((None, None, Some("four")), invalid("four")),
            (
                (None, None, Some("99999999999999999999")),
                invalid("99999999999999999999"),
            ),
        ];
        for ((header, org, org_id), expected) in cases {
            let found = choose(header, org, org_id);
            assert_eq!(found, expected, "{header:?} {org:?} {org_id:?}");
        }
    }
}
