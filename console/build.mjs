// Builds the console into the package, and keeps the hashes of what went in and came out in built.json: a test of the
// package compares them with the committed files, without node.
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const out = join(here, "../python/salver/server/admin/console/static");
const INPUTS = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json", "src"];

async function filesOf(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (entries === null) return [path];
  return (await Promise.all(entries.map((entry) => filesOf(join(path, entry.name))))).flat();
}

async function hashes(paths, root) {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const pairs = files.map(async (file) => [
    relative(root, file),
    createHash("sha256").update(await readFile(file)).digest("hex"),
  ]);
  return Object.fromEntries((await Promise.all(pairs)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: { console: join(here, "src/main.tsx") },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  lineLimit: 160, // so that a search of the repository shows lines that can be read
  logLevel: "warning",
});
await cp(join(here, "src/index.html"), join(out, "index.html"));
await cp(join(here, "src/icon.svg"), join(out, "icon.svg"));
// What the page contains of others, with their terms.
const notice = await readFile(join(here, "node_modules/preact/LICENSE"), "utf8");
await writeFile(join(out, "licenses.txt"), `The console contains Preact:\n\n${notice}`);

const built = {
  sources: await hashes(INPUTS.map((path) => join(here, path)), here),
  files: await hashes([out], out),
};
await writeFile(join(here, "built.json"), `${JSON.stringify(built, null, 2)}\n`);
