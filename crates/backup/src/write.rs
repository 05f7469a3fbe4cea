//! Writes a backup, or what is new since the last one at its place.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use annoscope_store::Position;
use arrow::array::RecordBatch;
use uuid::Uuid;

use crate::error::BackupError;
use crate::files::{self, LocalFile};
use crate::manifest::{FORMAT, File, MANIFEST, Manifest, Piece, Secrets};
use crate::pieces::Pieces;
use crate::place::Place;
use crate::verify;

/// What a backup is made of, beside its manifest.
const FOLDERS: [&str; 2] = ["events", "files"];

/// There while a first backup has no manifest yet.
const BEGUN: &str = ".annoscope-backup";

/// What is to be in it.
pub struct Contents {
    /// The backup of before at this place, to which new pieces are added.
    pub previous: Option<Manifest>,
    /// Id of a first one.
    pub id: Uuid,
    /// It gets the events before this position.
    pub position: Position,
    /// When it is made, UTC.
    pub made_at: String,
    /// Files beside the events.
    pub files: Vec<LocalFile>,
    /// Names of settings that are not at their defaults.
    pub settings: Vec<String>,
    /// Secrets of webhooks.
    pub secrets: Secrets,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Events that are written.
    pub n_events: u64,
    /// Up to which position.
    pub position: u64,
    /// Whether they are being read again.
    pub is_verifying: bool,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The manifest that is there now.
    pub manifest: Manifest,
    /// Events of this time.
    pub n_new_events: u64,
    /// Bytes of this time, files included.
    pub n_new_bytes: u64,
}

/// Writes what is new, reads it again, and gives the manifest its name last: a backup that is interrupted leaves the
/// one of before as it was. `rows` are those from the previous backup's position on up to the new one's, in order,
/// with the columns of [`positioned_schema`](annoscope_store::positioned_schema). `before_manifest` is called when all
/// but the manifest is in its place.
pub fn write(
    place: &Place,
    contents: Contents,
    rows: impl Iterator<Item = Result<RecordBatch, BackupError>>,
    mut progress: impl FnMut(Progress),
    before_manifest: impl FnOnce(&Manifest) -> Result<(), BackupError>,
) -> Result<Written, BackupError> {
    if contents.previous.is_none() {
        begin(place)?;
    }
    remove_unnamed(place, contents.previous.as_ref())?;
    place.clear_spool();
    let (pieces, files) = (place.spool()?, &contents.files);
    let new_pieces = write_pieces(place, pieces, rows, &mut progress)?;
    let known: HashSet<&str> = contents
        .previous
        .iter()
        .flat_map(|manifest| manifest.files.iter().map(|file| file.path.as_str()))
        .collect();
    let (files, new_files) = write_files(place, files, &known)?;
    let n_new_events = new_pieces.iter().map(|piece| piece.n_events).sum();
    let of_pieces: u64 = new_pieces.iter().map(|piece| piece.n_bytes).sum();
    let of_files: u64 = new_files.iter().map(|file| file.n_bytes).sum();
    progress(Progress {
        n_events: n_new_events,
        position: contents.position.0,
        is_verifying: true,
    });
    let damages = verify::check(place, &new_pieces, &new_files, |_| {})?;
    if !damages.is_empty() {
        return Err(BackupError::Damaged(damages));
    }
    let (id, old_events) = match &contents.previous {
        Some(manifest) => (manifest.id, manifest.events.clone()),
        None => (contents.id, Vec::new()),
    };
    let events: Vec<Piece> = old_events.into_iter().chain(new_pieces).collect();
    let manifest = Manifest {
        format: FORMAT,
        annoscope: env!("CARGO_PKG_VERSION").to_owned(),
        id,
        made_at: contents.made_at,
        position: contents.position.0,
        n_events: events.iter().map(|piece| piece.n_events).sum(),
        events,
        files,
        settings: contents.settings,
        secrets: contents.secrets,
    };
    before_manifest(&manifest)?;
    place.put_bytes(&manifest.to_bytes(), MANIFEST)?;
    // Files of the backup before, which nothing names any more.
    remove_unnamed(place, Some(&manifest))?;
    if place.read(BEGUN)?.is_some() {
        place.remove(BEGUN)?;
    }
    place.clear_spool();
    Ok(Written {
        manifest,
        n_new_events,
        n_new_bytes: of_pieces + of_files,
    })
}

/// Claims the place for a first backup. Folders of the same names that are somebody's else are not to be cleared.
fn begin(place: &Place) -> Result<(), BackupError> {
    if place.read(BEGUN)?.is_some() {
        return Ok(());
    }
    for folder in FOLDERS {
        if let Some(name) = place.list(folder)?.first() {
            let text = format!("{place} has {name}, which is of no backup: choose an empty place");
            return Err(BackupError::NotOurs(text));
        }
    }
    place.put_bytes(b"a first backup was begun here\n", BEGUN)
}

/// What an interrupted backup left: a reader of the whole folder would find events twice.
fn remove_unnamed(place: &Place, manifest: Option<&Manifest>) -> Result<(), BackupError> {
    let named: HashSet<&str> = manifest
        .iter()
        .flat_map(|manifest| {
            let pieces = manifest.events.iter().map(|piece| piece.path.as_str());
            pieces.chain(manifest.files.iter().map(|file| file.path.as_str()))
        })
        .collect();
    for folder in FOLDERS {
        for name in place.list(folder)? {
            if !named.contains(name.as_str()) {
                place.remove(&name)?;
            }
        }
    }
    Ok(())
}

fn write_pieces(
    place: &Place,
    spool: &Path,
    rows: impl Iterator<Item = Result<RecordBatch, BackupError>>,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<Piece>, BackupError> {
    let mut pieces = Pieces::new(spool);
    let mut written = Vec::new();
    let mut n_events = 0;
    for batch in rows {
        let batch = batch?;
        pieces.write(&batch)?;
        n_events += batch.num_rows() as u64;
        progress(Progress {
            n_events,
            position: last_position(&batch),
            is_verifying: false,
        });
        for (piece, path) in pieces.take_done() {
            place.put(&path, &piece.path)?;
            written.push(piece);
        }
    }
    for (piece, path) in pieces.finish()? {
        place.put(&path, &piece.path)?;
        written.push(piece);
    }
    Ok(written)
}

fn last_position(batch: &RecordBatch) -> u64 {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    let positions = batch.column(batch.num_columns() - 1);
    let positions = positions.as_primitive_opt::<Int64Type>();
    let last = positions.and_then(|positions| positions.values().last().copied());
    last.unwrap_or_default().cast_unsigned()
}

/// All files, and those that the place had not.
fn write_files(
    place: &Place,
    files: &[LocalFile],
    known: &HashSet<&str>,
) -> Result<(Vec<File>, Vec<File>), BackupError> {
    let (mut all, mut new) = (Vec::new(), Vec::new());
    for LocalFile { name, path } in files {
        let doing = || format!("reading {}", path.display());
        // A copy: what it is made of may change at any time, and a file has one checksum.
        let copy = place.spool()?.join("file");
        fs::copy(path, &copy).map_err(BackupError::io(doing()))?;
        let digested = files::digest(&copy).map_err(BackupError::io(doing()))?;
        let file = File {
            name: name.clone(),
            path: format!("files/{name}.{}", &digested.sha256[..16]),
            n_bytes: digested.n_bytes,
            sha256: digested.sha256,
        };
        if !known.contains(file.path.as_str()) {
            place.put(&copy, &file.path)?;
            new.push(file.clone());
        }
        all.push(file);
    }
    Ok((all, new))
}
