// An application in node, as hearthd runs it: in a sandbox, which only root can make.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const program = join(process.env.HEARTH_BIN ?? join(root, "build/dev/bin"), "hearthd");
/** False under CI, where it has to be possible. */
export const skip =
  (existsSync(program) && process.getuid() === 0) || process.env.CI
    ? false
    : "hearthd isn't built, or this isn't root";

/** Node with the libraries it needs, and the application's folders by their place in its root file system. */
function makeApp(apps, id, folders) {
  const files = join(apps, id, "rootfs");
  for (const point of ["proc", "dev", "tmp", "data", "run/hearth", "web"])
    mkdirSync(join(files, point), { recursive: true });
  const node = process.execPath;
  copyFileSync(node, join(files, "node"));
  execFileSync("strip", [join(files, "node")]);
  for (const [, library] of execFileSync("ldd", [node], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(files, dirname(library)), { recursive: true });
    copyFileSync(library, join(files, library));
  }
  for (const [place, folder] of Object.entries(folders))
    cpSync(folder, join(files, place), { recursive: true });
  writeFileSync(
    join(apps, id, "app.json"),
    JSON.stringify({
      id,
      title: id,
      command: ["/node", "--max-old-space-size=256", "/app/app.mjs"],
      limits: { memory_mib: 768, pids: 64, cpu_percent: 200 },
    }),
  );
}

/** hearthd with one app, until `close`; `more` are arguments of its own. */
export async function startWithApp(id, folders, more = []) {
  const folder = mkdtempSync(join(tmpdir(), "hearth-app-"));
  chmodSync(folder, 0o755);
  makeApp(join(folder, "apps"), id, folders);
  const begin = async () => {
    const child = spawn(
      program,
      `--data-dir ${folder}/data --http 127.0.0.1:0 --p2p-port 0 --listen-ip 127.0.0.1 --embedded-flock 0 --name casa --user nobody --shell off --apps ${folder}/apps --log-level warning --ready-json`
        .split(" ")
        .concat(more),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let text = "";
    for await (const chunk of child.stdout) if ((text += chunk).includes("\n")) break;
    return { child, ready: JSON.parse(text) };
  };
  const end = async (child) => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  };
  let { child, ready } = await begin();
  return {
    ready,
    dataDir: `${folder}/data`,
    /** The same again; where `more` names no ports, on others. */
    async restart() {
      await end(child);
      ({ child, ready } = await begin());
      this.ready = ready;
    },
    async close() {
      await end(child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
