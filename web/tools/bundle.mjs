// Writes DIRECTORY/bundle.json: the signed list of the shell's files (docs/protocol/bundle.md).
//   node bundle.mjs DIRECTORY [--version N]
//   node bundle.mjs --verify DIRECTORY [BUNDLE]   whether the folder holds just what the bundle (its own, or that file) lists
import { createHash, createPublicKey, sign, verify } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { publicText, releaseFolder, releaseKeys } from "./release_key.mjs";

export const label = "hearth shell bundle 1\n";
const name = "bundle.json";
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** What a page may ask for: no lists of files, nothing of the tools that built them. */
export function filesOf(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => ![name, "SHA256SUMS"].includes(path) && !/(^|\/)\.|\.br$/.test(path))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => {
      const bytes = readFileSync(join(directory, path));
      const type = types[extname(path)];
      if (type === undefined) throw new Error(`${path}: no media type is known for it.`);
      return { path: `/${path}`, sha256: sha256(bytes), size: bytes.length, type };
    });
}

/** One file's text: the manifest, and a signature of each key over label and manifest. */
export function seal({ version, files, keys, threshold = 1, signers }) {
  const manifest = JSON.stringify({ format: 1, version, keys, threshold, files });
  const signatures = Object.fromEntries(
    signers.map((key) => [
      publicText(key),
      sign(null, Buffer.from(label + manifest), key).toString("base64url"),
    ]),
  );
  return `${JSON.stringify({ manifest, signatures })}\n`;
}

/** One more than the last for other content, and not below the time of the commit: two builders agree, mostly. */
function nextVersion(folder, digest) {
  const record = join(folder, "last.json");
  let last = { version: 0, digest: "" };
  try {
    last = JSON.parse(readFileSync(record, "utf8"));
  } catch {
    // The first bundle of this key.
  }
  if (last.digest === digest) return last.version;
  let committed = Math.floor(Date.now() / 1000);
  try {
    const git = ["-C", import.meta.dirname, "log", "-1", "--format=%ct"];
    committed = Number(execFileSync("git", git, { stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    // No checkout: the time of now.
  }
  const version = Math.max(last.version + 1, committed);
  writeFileSync(`${record}.new`, JSON.stringify({ version, digest }));
  renameSync(`${record}.new`, record);
  return version;
}

export function makeBundle(directory, { version, folder = releaseFolder() } = {}) {
  const signing = releaseKeys(folder);
  const keys = signing.map((each) => each.public);
  const files = filesOf(directory);
  const text = seal({
    version: version ?? nextVersion(folder, sha256(JSON.stringify({ files, keys }))),
    files,
    keys,
    signers: signing.map(({ key }) => key),
  });
  writeFileSync(join(directory, name), text);
  return JSON.parse(JSON.parse(text).manifest);
}

/** What is wrong with the folder by that bundle, in words; nothing when it is as it was signed. */
export function faults(directory, bundle = join(directory, name)) {
  const { manifest, signatures } = JSON.parse(readFileSync(bundle, "utf8"));
  const { keys, threshold, files } = JSON.parse(manifest);
  const found = [];
  const good = keys.filter((x) => {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return (
      signatures[x] !== undefined &&
      verify(null, Buffer.from(label + manifest), key, Buffer.from(signatures[x], "base64url"))
    );
  });
  if (good.length < threshold) found.push("too few of its keys have signed it");
  const here = new Map(filesOf(directory).map((file) => [file.path, file]));
  for (const { path, sha256: digest } of files) {
    if (!here.has(path)) found.push(`${path} is missing`);
    else if (here.get(path).sha256 !== digest) found.push(`${path} is another`);
    here.delete(path);
  }
  for (const path of here.keys()) found.push(`${path} isn't listed`);
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2);
  if (args[0] === "--verify" && args[1]) {
    const found = faults(args[1], args[2]);
    for (const fault of found) console.error(fault);
    if (found.length === 0) console.log("It is just what was signed.");
    process.exit(found.length === 0 ? 0 : 1);
  }
  const at = args.indexOf("--version");
  const version = at < 0 ? undefined : Number(args.splice(at, 2)[1]);
  if (args.length !== 1 || (version !== undefined && !Number.isSafeInteger(version))) {
    console.error("node bundle.mjs [--verify] DIRECTORY [--version N]");
    process.exit(2);
  }
  const { version: signed, files, keys } = makeBundle(args[0], { version });
  console.log(`bundle ${signed}: ${files.length} files, signed by ${keys.join(", ")} (${releaseFolder()})`);
}
