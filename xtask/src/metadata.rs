//! The metadata documents, read by an OData tool that is not ours: it makes TypeScript of both, and the compiler must
//! take it. Beside the extracts of the published documents, they are compared with those too.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::{Context, Failure, Outcome};
use crate::workspace::Workspace;
use crate::{csdl_diff, process, toolchain};

const TOOL_TIME_MAX: Duration = Duration::from_mins(5);
/// The folder of the tool, below `conformance`.
const FOLDER: &str = "odata";

/// The step of the tests.
pub fn check(workspace: &Workspace) -> Outcome<()> {
    let folder = toolchain::npm_folder(workspace, FOLDER)?;
    let source = workspace.root.join("conformance").join(FOLDER);
    for file in ["tsconfig.json", "uses.ts", "odata2ts.config.cjs"] {
        fs::copy(source.join(file), folder.join(file)).context(format!("copying {file}"))?;
    }
    let generated = folder.join("generated");
    // What an earlier run made must not pass for what this one makes; the first time there is none.
    let _ = fs::remove_dir_all(&generated);
    for (version, document) in csdl_diff::documents(workspace)? {
        let file = folder.join(format!("{version}.xml"));
        fs::write(&file, document).context(format!("writing {}", file.display()))?;
        let mut tool = program(&folder, "odata2ts");
        tool.arg("--source").arg(&file).arg("--output").arg(generated.join(version));
        tool.args(["--mode", "all", "--emit-mode", "ts", "--service-name", "MicrosoftGraph"]);
        // Its output is long, and its exit status does not tell; the compiler below misses what it did not make.
        process::output(&mut tool)?;
    }
    process::succeed_within(program(&folder, "tsc").args(["--project", "tsconfig.json", "--strict"]), TOOL_TIME_MAX)?;
    println!("TypeScript was generated from both documents and compiles");
    let extracts = csdl_diff::extracts(&workspace.root);
    if !extracts.is_empty() && !csdl_diff::compare(workspace, &extracts, false)? {
        return Err(Failure::new("the documents differ from the published ones in what is not accepted"));
    }
    Ok(())
}

/// A program of the folder's packages.
fn program(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(folder.join("node_modules/.bin").join(name));
    command.current_dir(folder);
    command
}
