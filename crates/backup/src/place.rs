//! Where a backup is: a directory, or a bucket of an object store.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, PutPayload};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};

use crate::error::BackupError;
use crate::files;

/// What is written before it has its name, in a directory's own file system. Readers of Parquet pass over names that
/// begin with a point.
const INCOMING: &str = ".incoming";

/// Where a backup is. All calls block.
pub struct Place {
    kind: Kind,
    /// What is on its way, or was fetched.
    spool: Spool,
}

enum Kind {
    Directory(PathBuf),
    Bucket {
        address: String,
        store: Arc<dyn ObjectStore>,
        prefix: ObjectPath,
        runtime: Runtime,
    },
}

enum Spool {
    Within(PathBuf),
    Temporary(TempDir),
}

impl Place {
    /// `s3://bucket/prefix`, `file:///directory` or a directory. For S3 the variables `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT` … count, as for other programs.
    pub fn open(address: &str) -> Result<Place, BackupError> {
        if let Some(directory) = address.strip_prefix("file://") {
            return Ok(Place::directory(Path::new(directory)));
        }
        let Some((scheme, rest)) = address.split_once("://") else {
            return Ok(Place::directory(Path::new(address)));
        };
        if scheme != "s3" {
            return Err(BackupError::BadPlace {
                place: address.to_owned(),
                reason: "it is neither a directory nor file:// nor s3://".to_owned(),
            });
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .build()
            .map_err(BackupError::bucket(format!("opening {address}")))?;
        Place::bucket(address, Arc::new(store), prefix)
    }

    /// A directory.
    pub fn directory(path: &Path) -> Place {
        Place {
            kind: Kind::Directory(path.to_owned()),
            spool: Spool::Within(path.join(INCOMING)),
        }
    }

    /// What is below a prefix of an object store.
    pub fn bucket(
        address: &str,
        store: Arc<dyn ObjectStore>,
        prefix: &str,
    ) -> Result<Place, BackupError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(BackupError::io("making a thread for the bucket"))?;
        let spool = tempfile::Builder::new()
            .prefix("annoscope-backup-")
            .tempdir()
            .map_err(BackupError::io("making a directory for files on their way"))?;
        Ok(Place {
            kind: Kind::Bucket {
                address: address.to_owned(),
                store,
                prefix: ObjectPath::from(prefix),
                runtime,
            },
            spool: Spool::Temporary(spool),
        })
    }

    /// A directory for files on their way; it is there, and empty after [`Place::clear_spool`].
    pub(crate) fn spool(&self) -> Result<&Path, BackupError> {
        let path = match &self.spool {
            Spool::Within(path) => path.as_path(),
            Spool::Temporary(directory) => directory.path(),
        };
        fs::create_dir_all(path).map_err(BackupError::io(format!("making {}", path.display())))?;
        Ok(path)
    }

    pub(crate) fn clear_spool(&self) {
        if let Spool::Within(path) = &self.spool {
            // What stays does no harm.
            let _ = fs::remove_dir_all(path);
        }
    }

    /// A file as a whole; none where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, BackupError> {
        match &self.kind {
            Kind::Directory(root) => match fs::read(root.join(name)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(BackupError::io(format!("reading {name}"))(error)),
            },
            Kind::Bucket {
                store,
                prefix,
                runtime,
                ..
            } => {
                let got = runtime
                    .block_on(async { store.get(&within(prefix, name)).await?.bytes().await });
                match got {
                    Ok(bytes) => Ok(Some(bytes.to_vec())),
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(BackupError::bucket(format!("reading {name}"))(error)),
                }
            }
        }
    }

    /// Where a file can be read on this machine: of a bucket a copy is fetched.
    pub(crate) fn local(&self, name: &str) -> Result<Fetched, BackupError> {
        match &self.kind {
            Kind::Directory(root) => Ok(Fetched {
                path: root.join(name),
                is_copy: false,
            }),
            Kind::Bucket {
                store,
                prefix,
                runtime,
                ..
            } => {
                let path = self.spool()?.join(name.replace('/', "_"));
                let doing = || format!("fetching {name}");
                let mut file = fs::File::create(&path).map_err(BackupError::io(doing()))?;
                let fetched = runtime.block_on(async {
                    let mut bytes = store.get(&within(prefix, name)).await?.into_stream();
                    while let Some(bytes) = bytes.try_next().await? {
                        file.write_all(&bytes).map_err(generic)?;
                    }
                    Ok(())
                });
                fetched.map_err(BackupError::bucket(doing()))?;
                Ok(Fetched {
                    path,
                    is_copy: true,
                })
            }
        }
    }

    /// Takes a file, whole or not at all; `from` is in the spool and gone then.
    pub(crate) fn put(&self, from: &Path, name: &str) -> Result<(), BackupError> {
        match &self.kind {
            Kind::Directory(root) => files::keep(from, &root.join(name), root),
            Kind::Bucket {
                store,
                prefix,
                runtime,
                ..
            } => {
                let doing = || format!("sending {name}");
                let sent: io::Result<()> = runtime.block_on(async {
                    let mut file = tokio::fs::File::open(from).await?;
                    let mut to = BufWriter::new(Arc::clone(store), within(prefix, name));
                    tokio::io::copy(&mut file, &mut to).await?;
                    to.shutdown().await
                });
                sent.map_err(BackupError::io(doing()))?;
                fs::remove_file(from).map_err(BackupError::io(doing()))
            }
        }
    }

    /// As [`Place::put`], of bytes.
    pub(crate) fn put_bytes(&self, bytes: &[u8], name: &str) -> Result<(), BackupError> {
        if let Kind::Bucket {
            store,
            prefix,
            runtime,
            ..
        } = &self.kind
        {
            let payload = PutPayload::from(bytes.to_vec());
            let put = runtime.block_on(store.put(&within(prefix, name), payload));
            put.map_err(BackupError::bucket(format!("sending {name}")))?;
            return Ok(());
        }
        let path = self.spool()?.join(name.replace('/', "_"));
        fs::write(&path, bytes).map_err(BackupError::io(format!("writing {}", path.display())))?;
        self.put(&path, name)
    }

    /// Names of the files below a folder, in order; none where it is not there.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, BackupError> {
        let mut names = match &self.kind {
            Kind::Directory(root) => {
                let mut names = Vec::new();
                let listed = list_directory(&root.join(folder), folder, &mut names);
                listed.map_err(BackupError::io(format!("listing {folder}")))?;
                names
            }
            Kind::Bucket {
                store,
                prefix,
                runtime,
                ..
            } => {
                let below = within(prefix, folder);
                let listed: Result<Vec<_>, _> =
                    runtime.block_on(store.list(Some(&below)).try_collect());
                let listed = listed.map_err(BackupError::bucket(format!("listing {folder}")))?;
                let names = listed.iter().filter_map(|object| {
                    let rest: Vec<String> = object
                        .location
                        .prefix_match(prefix)?
                        .map(|part| part.as_ref().to_owned())
                        .collect();
                    Some(rest.join("/"))
                });
                names.collect()
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), BackupError> {
        let doing = format!("removing {name}");
        match &self.kind {
            Kind::Directory(root) => {
                fs::remove_file(root.join(name)).map_err(BackupError::io(doing))
            }
            Kind::Bucket {
                store,
                prefix,
                runtime,
                ..
            } => runtime
                .block_on(store.delete(&within(prefix, name)))
                .map_err(BackupError::bucket(doing)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Directory(path) => path.display().fmt(f),
            Kind::Bucket { address, .. } => address.fmt(f),
        }
    }
}

/// A file that can be read; a copy goes when it is dropped.
pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    is_copy: bool,
}

impl Drop for Fetched {
    fn drop(&mut self) {
        if self.is_copy {
            // What stays is in a temporary directory.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn within(prefix: &ObjectPath, name: &str) -> ObjectPath {
    name.split('/')
        .fold(prefix.clone(), |path, part| path.child(part))
}

fn generic(source: io::Error) -> object_store::Error {
    object_store::Error::Generic {
        store: "file",
        source: source.into(),
    }
}

fn list_directory(path: &Path, name: &str, names: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list_directory(&entry.path(), &name, names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}
