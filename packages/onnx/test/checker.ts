import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Checks exported files with the checker of the ONNX project, which knows the signatures of all operators. The Debian package
// python3-onnx contains this checker.

const checker = `
import glob, onnx, sys
for path in sorted(glob.glob(sys.argv[1] + "/*.onnx")):
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as error:
        print(path, error)
`;
const python = "/usr/bin/python3";

export const hasChecker: boolean = spawnSync(python, ["-c", "import onnx"]).status === 0;

/** Checks files, by their names. Returns the errors as text, which is empty if there are none. */
export function problemsOf(files: ReadonlyMap<string, Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), "wengert-onnx-"));
  try {
    for (const [name, bytes] of files) writeFileSync(join(folder, `${name}.onnx`), bytes);
    const { status, stdout, stderr } = spawnSync(python, ["-c", checker, folder], { encoding: "utf8" });
    return status === 0 ? stdout + stderr : `status ${status}: ${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
