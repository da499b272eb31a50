//! The things several steps share: each is prepared when first asked for, once, and a failure is remembered.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::failure::Outcome;
use crate::postgres::Postgres;
use crate::toolchain;
use crate::workspace::Workspace;

pub struct Session {
    pub workspace: Workspace,
    server: OnceCell<Outcome<PathBuf>>,
    postgres: OnceCell<Outcome<Postgres>>,
    python: OnceCell<Outcome<PathBuf>>,
    npm_folder: OnceCell<Outcome<PathBuf>>,
}

impl Session {
    pub fn open() -> Outcome<Self> {
        Ok(Self {
            workspace: Workspace::load()?,
            server: OnceCell::new(),
            postgres: OnceCell::new(),
            python: OnceCell::new(),
            npm_folder: OnceCell::new(),
        })
    }

    /// The server's program, built from what the repository holds now.
    pub fn server(&self) -> Outcome<&Path> {
        once(&self.server, || self.workspace.build_server()).map(PathBuf::as_path)
    }

    pub fn postgres(&self) -> Outcome<&Postgres> {
        once(&self.postgres, Postgres::start)
    }

    pub fn python(&self) -> Outcome<&Path> {
        once(&self.python, || toolchain::python(&self.workspace)).map(PathBuf::as_path)
    }

    pub fn npm_folder(&self) -> Outcome<&Path> {
        once(&self.npm_folder, || toolchain::npm_folder(&self.workspace, "js")).map(PathBuf::as_path)
    }
}

fn once<T>(cell: &OnceCell<Outcome<T>>, prepare: impl FnOnce() -> Outcome<T>) -> Outcome<&T> {
    cell.get_or_init(prepare).as_ref().map_err(Clone::clone)
}
