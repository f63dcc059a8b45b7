// The keys that sign the shell's bundles, in a folder outside the checkout: every `*.pem` there is one (Ed25519, PKCS #8, mode 0600).
//   node release_key.mjs [show|add]
// `show` makes the first one when there is none. docs/protocol/bundle.md has the life of a key.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const releaseFolder = () =>
  process.env.HEARTH_RELEASE_DIR ??
  join(process.env.XDG_DATA_HOME || join(homedir(), ".local/share"), "hearth/release");

/** The public half as manifests write it: base64url of its 32 bytes. */
export const publicText = (key) => createPublicKey(key).export({ format: "jwk" }).x;

export function addKey(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder);
  let number = 1;
  while (names.includes(`${number}.pem`)) number++;
  const file = join(folder, `${number}.pem`);
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
  return file;
}

/** All of them, the oldest first; makes one when there is none. A key that others may read is refused. */
export function releaseKeys(folder = releaseFolder()) {
  chmodSync((mkdirSync(folder, { recursive: true, mode: 0o700 }), folder), 0o700);
  const list = () => readdirSync(folder).filter((name) => name.endsWith(".pem"));
  if (list().length === 0) addKey(folder);
  return list()
    .sort((a, b) => parseInt(a) - parseInt(b))
    .map((name) => {
      const file = join(folder, name);
      if ((statSync(file).mode & 0o077) !== 0)
        throw new Error(`${file} can be read by others: chmod 600 it, or make another key.`);
      const key = createPrivateKey(readFileSync(file));
      if (key.asymmetricKeyType !== "ed25519") throw new Error(`${file} holds no Ed25519 key.`);
      return { file, key, public: publicText(key) };
    });
}

if (process.argv[1] === import.meta.filename) {
  const [what = "show"] = process.argv.slice(2);
  if (!["show", "add"].includes(what)) {
    console.error("node release_key.mjs [show|add]");
    process.exit(2);
  }
  if (what === "add" && releaseKeys().length > 0) addKey(releaseFolder());
  for (const { file, public: text } of releaseKeys()) console.log(`${text}  ${file}`);
}
