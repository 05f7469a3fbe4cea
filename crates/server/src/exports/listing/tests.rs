use annoscope_events::Timestamp;
use annoscope_query::RowFilter;
use uuid::Uuid;

use super::super::job::{Format, JobKey, Owner, State};
use super::*;

/// Jobs 1 to `n`, a ms apart; every third has failed, others wait.
fn jobs(n: i64) -> Vec<Job> {
    let job = |i: i64| Job {
        key: JobKey {
            owner_id: 1,
            id: Uuid::from_u128(i as u128),
        },
        owner: Owner {
            id: 1,
            name: "anna".to_owned(),
            org_id: (i % 2 == 0).then_some(3),
        },
        file_id: Uuid::nil(),
        format: Format::Csv,
        file_name: "a.csv".to_owned(),
        created_at: Timestamp::from_millis(i),
        rows: RowFilter::default(),
        state: match i % 3 {
            0 => State::Failed {
                finished_at: Timestamp::from_millis(i),
                message: String::new(),
            },
            _ => State::Queued,
        },
        progress: 0.0,
        expires_at: None,
    };
    (1..=n).map(job).collect()
}

fn page(query: &str, n_jobs: i64, org_id: Option<i64>) -> Result<Page, InvalidPage> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs: Vec<_> = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Listing::parse(&pairs).unwrap().page(jobs(n_jobs), org_id)
}

#[test]
fn jobs_are_chosen_sorted_and_cut_into_pages() {
    // (query, jobs of the page in order, jobs on all pages)
    let cases: [(&str, &[u128], usize); 18] = [
        ("", &[5, 4, 3, 2, 1], 5),
        ("status=", &[5, 4, 3, 2, 1], 5),
        ("status=failed", &[3], 1),
        ("status=queued", &[5, 4, 2, 1], 4),
        ("status=odd", &[], 0),
        ("action=export&target=events", &[5, 4, 3, 2, 1], 5),
        ("action=import", &[], 0),
        ("target=task", &[], 0),
        ("subresource=dataset", &[], 0),
        ("project_id=1", &[], 0),
        ("sort=created_date", &[1, 2, 3, 4, 5], 5),
        ("sort=status,-created_date", &[3, 5, 4, 2, 1], 5),
        ("sort=-status,created_date", &[1, 2, 4, 5, 3], 5),
        ("sort=nonsense", &[1, 2, 3, 4, 5], 5),
        ("page_size=2", &[5, 4], 5),
        ("page_size=2&page=3", &[1], 5),
        ("page_size=2&page=last", &[1], 5),
        ("page_size=0", &[5, 4, 3, 2, 1], 5),
    ];
    for (query, expected, count) in cases {
        let page = page(query, 5, None).unwrap();
        let ids: Vec<u128> = page.jobs.iter().map(|job| job.key.id.as_u128()).collect();
        assert_eq!(ids, expected, "{query}");
        assert_eq!(page.count, count, "{query}");
    }
    assert_eq!(
        page("", 5, Some(3)).unwrap().count,
        2,
        "of the organization only"
    );
}

#[test]
fn pages_know_their_neighbors() {
    // (query, previous and next page)
    let cases = [
        ("", Ok((None, Some(2)))),
        ("page=2", Ok((Some(1), Some(3)))),
        ("page=13", Ok((Some(12), None))),
        ("page_size=1000", Ok((None, Some(2)))),
        ("page_size=1000&page=2", Ok((Some(1), None))),
        ("page=14", Err(InvalidPage)),
        ("page=0", Err(InvalidPage)),
        ("page=-1", Err(InvalidPage)),
        ("page=x", Err(InvalidPage)),
    ];
    for (query, expected) in cases {
        let found = page(query, 125, None).map(|page| (page.previous, page.next));
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(
        page("", 0, None).unwrap().count,
        0,
        "the first page may be empty"
    );
}

#[test]
fn a_filter_that_cannot_be_applied_is_refused() {
    let pairs = [("filter".to_owned(), "{}".to_owned())];
    assert_eq!(Listing::parse(&pairs).unwrap_err().name, "filter");
}
