//! `GET /api/requests`: which of a user's jobs, in which order, which page
//! (contract.md, "Background requests"). Pages are as Django REST framework counts them.

use std::cmp::Ordering;

use super::job::Job;
use super::request::InvalidParameter;

/// Entries of a page when the request names no number, as in CVAT.
const DEFAULT_PAGE_SIZE: usize = 10;

/// Most entries of a page, as in CVAT; larger numbers mean this.
const MAX_PAGE_SIZE: usize = 100;

/// What every job here is: as `operation.type` has it, "action:target".
pub const ACTION: &str = "export";
/// See [`ACTION`].
pub const TARGET: &str = "events";

/// What is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    status: Option<String>,
    /// A condition that none of our jobs meets, because it is about other kinds.
    is_empty: bool,
    /// Fields and whether they descend, the first decides first.
    sort: Vec<(SortField, bool)>,
    page: PageNumber,
    page_size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortField {
    CreatedDate,
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageNumber {
    Number(usize),
    Last,
    Invalid,
}

/// One page of jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Jobs on all pages.
    pub count: usize,
    /// Number of the next page.
    pub next: Option<usize>,
    /// Number of the page before.
    pub previous: Option<usize>,
    /// Jobs of this page.
    pub jobs: Vec<Job>,
}

/// There is no such page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid page.")]
pub struct InvalidPage;

impl Listing {
    /// Understands a query. Empty parameters count as not given, and those that
    /// do not concern a listing are left to others.
    pub fn parse(pairs: &[(String, String)]) -> Result<Listing, InvalidParameter> {
        let mut listing = Listing {
            status: None,
            is_empty: false,
            sort: vec![(SortField::CreatedDate, true)],
            page: PageNumber::Number(1),
            page_size: DEFAULT_PAGE_SIZE,
        };
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "status" => listing.status = Some(value.clone()),
                "action" => listing.is_empty |= value != ACTION,
                "target" => listing.is_empty |= value != TARGET,
                "subresource" | "format" | "project_id" | "task_id" | "job_id" => {
                    listing.is_empty = true;
                }
                "sort" => listing.sort = sort_fields(value),
                "page" => listing.page = PageNumber::parse(value),
                "page_size" => listing.page_size = page_size(value),
                "filter" => {
                    // Ignored, it would list what was not asked for.
                    let problem = "is not supported; use status, action and target".to_owned();
                    return Err(InvalidParameter {
                        name: "filter",
                        problem,
                    });
                }
                _ => {}
            }
        }
        Ok(listing)
    }

    /// Picks the page out of all jobs of a user. `org_id` is the organization of the
    /// request: within one, jobs of this one only.
    pub fn page(&self, mut jobs: Vec<Job>, org_id: Option<i64>) -> Result<Page, InvalidPage> {
        jobs.retain(|job| {
            let has_status = self.status.as_deref().is_none_or(|s| s == job.state.name());
            !self.is_empty && has_status && (org_id.is_none() || job.owner.org_id == org_id)
        });
        jobs.sort_by(|a, b| self.order(a, b));
        let count = jobs.len();
        let n_pages = count.div_ceil(self.page_size).max(1);
        let number = match self.page {
            PageNumber::Number(number) if (1..=n_pages).contains(&number) => number,
            PageNumber::Last => n_pages,
            PageNumber::Number(_) | PageNumber::Invalid => return Err(InvalidPage),
        };
        let first = (number - 1) * self.page_size;
        Ok(Page {
            count,
            next: (number < n_pages).then_some(number + 1),
            previous: (number > 1).then_some(number - 1),
            jobs: jobs.into_iter().skip(first).take(self.page_size).collect(),
        })
    }

    fn order(&self, a: &Job, b: &Job) -> Ordering {
        let fields = self.sort.iter().map(|&(field, descends)| {
            let order = match field {
                SortField::CreatedDate => a.created_at.cmp(&b.created_at),
                SortField::Status => a.state.name().cmp(b.state.name()),
            };
            if descends { order.reverse() } else { order }
        });
        // Jobs of one millisecond keep their place from page to page.
        fields
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| a.key.id.cmp(&b.key.id))
    }
}

impl PageNumber {
    fn parse(text: &str) -> PageNumber {
        match text {
            "last" => PageNumber::Last,
            _ => text.parse().map_or(PageNumber::Invalid, PageNumber::Number),
        }
    }
}

/// Unknown fields are ignored, as Django REST framework does. All actions are equal.
fn sort_fields(text: &str) -> Vec<(SortField, bool)> {
    let field = |text: &str| {
        let name = text.trim();
        let (name, descends) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name, false),
        };
        match name {
            "created_date" => Some((SortField::CreatedDate, descends)),
            "status" => Some((SortField::Status, descends)),
            _ => None,
        }
    };
    text.split(',').filter_map(field).collect()
}

fn page_size(text: &str) -> usize {
    match text.parse() {
        Ok(0) | Err(_) => DEFAULT_PAGE_SIZE,
        Ok(number) => MAX_PAGE_SIZE.min(number),
    }
}

#[cfg(test)]
mod tests;
