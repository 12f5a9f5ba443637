//! Where the workspace lies, and scratch folders that go away by themselves.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result};

/// The root folder of the workspace that this crate was built in.
///
/// Every Envoy runs with it as working directory, so relative paths in a configuration, such as
/// that of the module, count from here.
#[must_use]
pub fn workspace_root() -> PathBuf {
    const DEPTH: usize = 2;
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.ancestors().nth(DEPTH);
    root.unwrap_or(crate_folder).to_path_buf()
}

/// A new folder in the system's temporary folder, removed with all it holds on drop.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Makes the folder. Fails when the temporary folder is not writable.
    pub fn new() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("real-envoy-{}-{number}", process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("make folder {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The path of `name` in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes `text` to the file `name` and returns its path. Fails when the disk is full.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it: what stays behind lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
