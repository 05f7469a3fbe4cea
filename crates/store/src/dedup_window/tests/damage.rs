//! Files that are damaged, cut off or missing.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// A directory with two sealed segments and an open one of 500 events, all saved.
async fn filled() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    for start in [0, SEGMENT] {
        commit(&window, start..start + SEGMENT, Day(1)).await;
    }
    for start in [2 * SEGMENT, 2 * SEGMENT + 250] {
        commit(&window, start..start + 250, Day(1)).await;
        window.save().unwrap();
    }
    dir
}

fn path(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().join(name);
    assert!(path.exists(), "{name}");
    path
}

fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

async fn n_known(window: &Arc<DedupWindow>, range: Range<u128>) -> usize {
    let known = known(window, range).await;
    known.into_iter().filter(|is_known| *is_known).count()
}

#[tokio::test]
async fn a_damaged_segment_is_set_aside_and_the_others_are_used() {
    let n_bytes = fs::metadata(path(&filled().await, "00000000.1.segment"));
    let n_bytes = n_bytes.unwrap().len() as usize;
    // The head, the filter, and a file that lacks its last byte.
    for at in [0, 8, 16, 24, 32, 40, 300, n_bytes] {
        let dir = filled().await;
        let file = path(&dir, "00000000.1.segment");
        if at == n_bytes {
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..at - 1]).unwrap();
        } else {
            flip(&file, at);
        }
        let window = open(&dir);
        assert_eq!(window.stats().damaged_files, 1, "{at}");
        assert_eq!(window.position(), Position(2500));
        assert_eq!(n_known(&window, 0..SEGMENT).await, 0);
        assert_eq!(n_known(&window, SEGMENT..2501).await, 1500);
        path(&dir, "00000000.1.damaged");
        // It is told once.
        window.save().unwrap();
        assert_eq!(open(&dir).stats().damaged_files, 0);
    }
}

#[tokio::test]
async fn a_damaged_block_takes_nothing_but_itself() {
    let dir = filled().await;
    let file = path(&dir, "00000000.1.segment");
    let n_bytes = fs::metadata(&file).unwrap().len() as usize;
    flip(&file, n_bytes - 1);
    let window = open(&dir);
    for _ in 0..2 {
        let n_known = n_known(&window, 0..2500).await;
        assert!((2000..2500).contains(&n_known), "{n_known}");
        assert_eq!(window.stats().damaged_files, 1);
    }
}

#[tokio::test]
async fn a_missing_file_is_told() {
    let dir = filled().await;
    fs::remove_file(path(&dir, "00000001.1.segment")).unwrap();
    let window = open(&dir);
    assert_eq!(window.stats().damaged_files, 1);
    assert_eq!(n_known(&window, 0..2500).await, 1500);

    // Without the newest, the journal tells whether something is lost.
    fs::remove_file(path(&dir, "00000002.1.open")).unwrap();
    let window = open(&dir);
    let position = window.position();
    assert_eq!(position, Position(1000));
    let n_damaged = window.stats().damaged_files;
    window.replay_begins(position);
    assert_eq!(window.stats().damaged_files, n_damaged);
    window.replay_begins(Position(1001));
    assert_eq!(window.stats().damaged_files, n_damaged + 1);
}

#[tokio::test]
async fn a_stop_before_the_old_file_goes_leaves_the_sealed_one() {
    let dir = filled().await;
    let open_file = fs::read(path(&dir, "00000002.1.open")).unwrap();
    let window = open(&dir);
    commit(&window, 2500..3500, Day(2)).await;
    window.save().unwrap();
    fs::write(dir.path().join("00000002.1.open"), open_file).unwrap();
    fs::write(dir.path().join("00000003.2.new"), "half").unwrap();
    let window = open(&dir);
    assert_eq!(n_known(&window, 0..3600).await, 3500);
    assert_eq!(window.stats().events, 3500);
    let names = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "00000000.1.segment",
            "00000001.1.segment",
            "00000002.1.segment",
            "00000003.2.open"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// An open file that is cut off or changed anywhere keeps what is before that, and goes on.
    #[test]
    fn a_torn_open_file_keeps_its_whole_chunks(at in 0_usize..8048, is_cut in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dir = filled().await;
            let file = path(&dir, "00000002.1.open");
            let bytes = fs::read(&file).unwrap();
            // Two chunks of 250 hashes.
            assert_eq!(bytes.len(), 2 * (24 + 250 * 16));
            if is_cut {
                fs::write(&file, &bytes[..at]).unwrap();
            } else {
                flip(&file, at);
            }
            let n_whole = if at < bytes.len() / 2 { 0 } else { 250 };
            let window = open(&dir);
            let position = if n_whole == 0 { 2000 } else { 2250 };
            assert_eq!(window.position(), Position(position));
            assert_eq!(n_known(&window, 0..2500).await, 2000 + n_whole);
            window.replay(Day(1), &hashes(2000..2500), Position(2500));
            window.save().unwrap();
            let window = open(&dir);
            assert_eq!(window.position(), Position(2500));
            assert_eq!(n_known(&window, 0..2500).await, 2500);
            assert_eq!(window.stats().events, 2500);
        });
    }
}
