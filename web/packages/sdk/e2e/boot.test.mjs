// The way of an app's requests in a real browser: page > worker > boot frame > shell.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "./server.mjs";
import { bundle, launch, page as htmlOf } from "./support.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
let server, browser, context, page, app, requests, downloads;

before(async () => {
  execFileSync(process.execPath, [join(here, "../../boot/tools/build.mjs")], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "hearth-boot-"));
  execFileSync("ffmpeg", [
    ..."-v error -f lavfi -i testsrc=duration=30:size=320x240:rate=25 -c:v libvpx -b:v 800k -g 25 -deadline realtime -cpu-used 8".split(
      " ",
    ),
    join(folder, "video.webm"),
  ]);
  const files = {
    "/index.html": htmlOf("/shell.js"),
    "/shell.js": await bundle("shell.ts"),
    "/video.webm": readFileSync(join(folder, "video.webm")),
  };
  rmSync(folder, { recursive: true });
  downloads = mkdtempSync(join(tmpdir(), "hearth-boot-"));
  server = await startServer(files);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  if (downloads !== undefined) rmSync(downloads, { recursive: true });
});

beforeEach(async () => {
  await context?.close();
  context = await browser.newContext();
  requests = new Set();
  // A request that the policy stops is told, too, and fails before anything leaves the browser.
  context.on("response", (response) => requests.add(new URL(response.url()).host));
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== "csp" && reason !== "net::ERR_ABORTED")
      requests.add(`${new URL(request.url()).host} (${reason})`);
  });
  page = await context.newPage();
  await page.goto(`http://home.hearth.localhost:${server.port}/`);
  app = await appFrame();
});

/** The app's own frame, once its page is loaded. */
async function appFrame(path = "/") {
  await page.waitForFunction(() => window.state?.ready > 0);
  for (let i = 0; i < 100; ++i) {
    const frame = page.frames().find((each) => each.parentFrame()?.parentFrame() === page.mainFrame());
    if (frame !== undefined && new URL(frame.url()).pathname === path) return frame;
    await page.waitForTimeout(50);
  }
  throw new Error(`the app is not at ${path}`);
}

const state = () => page.evaluate(() => window.state);

async function stopWorkers() {
  const session = await context.newCDPSession(page);
  await session.send("ServiceWorker.enable");
  await session.send("ServiceWorker.stopAllWorkers");
}

describe("an app's frame", () => {
  test("gets navigation, script, style and image from the shell", async () => {
    assert.equal(await app.locator("h1").textContent(), "Demo");
    assert.equal(await app.evaluate(() => document.documentElement.dataset.script), "ran");
    assert.equal(
      await app.evaluate(() => getComputedStyle(document.querySelector("h1")).color),
      "rgb(1, 2, 3)",
    );
    assert.equal(await app.evaluate(() => document.querySelector("#image").naturalWidth), 7);
    const paths = (await state()).seen.map(({ path }) => path);
    for (const path of ["", "script.js", "style.css", "image.svg"])
      assert.ok(paths.includes(`/app/demo/${path}`), path);
    assert.equal(new URL(app.url()).host, new URL(await page.evaluate(() => window.appOrigin())).host);
  });

  test("streams a body of 50 chunks as they come", async () => {
    const size = await app.evaluate(async () => {
      let total = 0;
      for await (const chunk of (await fetch("/chunks")).body) total += chunk.length;
      return total;
    });
    assert.equal(size, 5_000_000);
  });

  test("pulls a body that isn't read no further than the browser's own buffers", async () => {
    await app.evaluate(async () => {
      window.reader = (await fetch("/chunks?n=5000")).body.getReader();
      await window.reader.read();
    });
    // Chromium itself takes some 60 MB of the 500 MB; what matters is that it ends.
    let ahead = -1;
    for (let now = 0; now !== ahead;) {
      ahead = now;
      await page.waitForTimeout(300);
      now = (await state()).pulled;
      if (ahead === 0) ahead = -1;
    }
    assert.ok(ahead < 1500, `${ahead} of 5,000 chunks were pulled for one that was read`);
    await app.evaluate(() => window.reader.cancel());
    await page.waitForFunction(() => window.state.cancelled === 1);
  });

  test("plays a video and seeks in it by ranges", async () => {
    const time = await app.evaluate(async () => {
      const video = document.querySelector("#video");
      if (video.readyState < 1) await new Promise((resolve) => (video.onloadedmetadata = resolve));
      video.currentTime = 25;
      await new Promise((resolve, reject) => ((video.onseeked = resolve), (video.onerror = reject)));
      return [video.currentTime, video.videoWidth];
    });
    assert.deepEqual(time, [25, 320]);
    const ranges = (await state()).seen
      .filter(({ path }) => path.endsWith("video.webm"))
      .map(({ headers }) => headers.range);
    assert.ok(
      ranges.some((range) => /^bytes=[1-9]/.test(range ?? "")),
      `ranges: ${ranges}`,
    );
  });

  test("saves an attachment as it streams, and the browser knows how much comes", async () => {
    const session = await browser.newBrowserCDPSession();
    const { browserContextIds } = await session.send("Target.getBrowserContexts");
    let progress;
    session.on("Browser.downloadProgress", (event) => (progress = event));
    for (const browserContextId of browserContextIds) {
      const folder = { behavior: "allowAndName", downloadPath: downloads };
      await session.send("Browser.setDownloadBehavior", { ...folder, browserContextId, eventsEnabled: true });
    }
    const began = page.waitForEvent("download");
    await app.evaluate(() => {
      const frame = document.createElement("iframe");
      frame.src = "/chunks?n=300&attached";
      document.body.append(frame);
    });
    assert.equal((await began).suggestedFilename(), "parcel.bin");
    while (progress?.state !== "completed") {
      assert.notEqual(progress?.state, "canceled");
      await page.waitForTimeout(20);
    }
    assert.deepEqual([progress.totalBytes, progress.receivedBytes], [30_000_000, 30_000_000]);
    assert.equal(statSync(join(downloads, progress.guid)).size, 30_000_000);
  });

  test("takes a download back when the person cancels it", async () => {
    const began = page.waitForEvent("download");
    await app.evaluate(() => {
      const frame = document.createElement("iframe");
      frame.src = "/chunks?n=100000&attached";
      document.body.append(frame);
    });
    await (await began).cancel();
    await page.waitForFunction(() => window.state.cancelled === 1, undefined, { timeout: 10_000 });
  });

  test("uploads bytes, forms and streams whole", async () => {
    const answers = await app.evaluate(async () => {
      const send = async (body, init = {}) =>
        (await fetch("/upload", { method: "POST", body, ...init })).json();
      const bytes = new Uint8Array(5_000_000).fill(7);
      const form = new FormData();
      form.set("file", new Blob([bytes]), "a.bin");
      return [await send(bytes), await send(form), await send("", { method: "PUT" })];
    });
    assert.deepEqual([answers[0].size, answers[0].last], [5_000_000, 7]);
    assert.ok(answers[1].size > 5_000_000 && answers[1].type.startsWith("multipart/form-data; boundary="));
    assert.equal(answers[2].size, 0);
  });

  test("takes a request back when the page aborts it, before and in the body", async () => {
    await app.evaluate(async () => {
      const controller = new AbortController();
      const response = await fetch("/endless", { signal: controller.signal });
      const reading = response.text().catch((error) => error.name);
      controller.abort();
      return reading;
    });
    await page.waitForFunction(() => window.state.cancelled === 1, undefined, { timeout: 5000 });
  });

  test("makes a body that breaks off an error", async () => {
    const error = await app.evaluate(() =>
      fetch("/broken")
        .then((response) => response.text())
        .catch((e) => e.name),
    );
    assert.equal(error, "TypeError");
  });

  test("finds the boot frame again after the worker was stopped", async () => {
    for (let i = 0; i < 3; ++i) {
      await stopWorkers();
      assert.equal(await app.evaluate(() => fetch("/script.js").then((response) => response.status)), 200);
    }
  });

  test("comes back after a reload of its own page, of the shell, and past the worker", async () => {
    await app.evaluate(() => location.reload());
    await page.waitForFunction(() => window.state.ready > 1);
    app = await appFrame();
    assert.equal(await app.locator("h1").textContent(), "Demo");
    await page.reload();
    app = await appFrame();
    assert.equal(await app.locator("h1").textContent(), "Demo");
    const session = await context.newCDPSession(page);
    await session.send("Page.reload", { ignoreCache: true });
    await page.waitForFunction(() => window.state?.ready > 0);
    app = await appFrame();
    await app.locator("h1").waitFor();
  });

  test("tells the shell where it is, and goes where the shell says", async () => {
    await app.evaluate(() => history.pushState(null, "", "/deep?x=1"));
    await page.waitForFunction(() => window.state.locations.at(-1)?.path === "/deep?x=1");
    await page.evaluate(() => window.host.navigate("/second"));
    app = await appFrame("/second");
    await page.waitForFunction(() => window.state.locations.at(-1)?.title === "Second");
  });

  test("follows the app's redirects, and none that lead away", async () => {
    const url = await app.evaluate(() =>
      fetch("/moved").then((response) => [response.url, response.redirected]),
    );
    assert.deepEqual(
      [new URL(url[0]).pathname + new URL(url[0]).search, url[1]],
      ["/second?from=moved", true],
    );
    assert.equal(await app.evaluate(() => fetch("/leads-away").catch((error) => error.name)), "TypeError");
    await page.evaluate(() => window.host.navigate("/moved"));
    app = await appFrame("/second");
    assert.equal(await app.locator("h1").textContent(), "Second");
  });

  test("says what happened when the box is away", async () => {
    await page.evaluate(() => (window.state.offline = true));
    assert.equal(await app.evaluate(() => fetch("/script.js").catch((error) => error.name)), "TypeError");
    await page.evaluate(() => window.host.navigate("/second"));
    app = await appFrame("/second");
    assert.match(await app.locator("body").textContent(), /Try again/);
  });
});

describe("what an app can't do", () => {
  test("reach any other host, from a page or a worker", async () => {
    const results = await app.evaluate(async () => {
      const outcome = (promise) =>
        promise.then(
          () => "went out",
          () => "refused",
        );
      const image = (src) =>
        new Promise((resolve, reject) =>
          Object.assign(new Image(), { src, onload: resolve, onerror: reject }),
        );
      const worker = new Worker(
        URL.createObjectURL(
          new Blob([
            "fetch('https://example.com/').then(() => postMessage('went out'), () => postMessage('refused'))",
          ]),
        ),
      );
      return Promise.all([
        outcome(fetch("https://example.com/", { mode: "no-cors" })),
        outcome(image("https://example.com/x.png")),
        new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data))),
      ]);
    });
    assert.deepEqual(results, ["refused", "refused", "refused"]);
    assert.ok(
      [...requests].every((host) => host === "" || host.endsWith(`.hearth.localhost:${server.port}`)),
      [...requests].join(),
    );
  });

  test("leave its own paths, even with messages of its own making", async () => {
    await app.evaluate(() => fetch("/../../api/v1/me"));
    const answer = await app.evaluate(async () => {
      // The boot frame is of the same origin: an app can do there what it likes.
      const boot = window.parent;
      const { port1, port2 } = new MessageChannel();
      const message = {
        channel: "hearth-app-1",
        kind: "request",
        method: "GET",
        path: "/../../api/v1/me",
        headers: [
          ["Hearth-Persona", "someone"],
          ["X-Own", "y"],
        ],
        hasBody: false,
      };
      boot.navigator.serviceWorker.dispatchEvent(
        new MessageEvent("message", { data: message, ports: [port2] }),
      );
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => data.k === "head" && resolve(data.status);
      });
    });
    assert.equal(answer, 404);
    const { seen } = await state();
    assert.ok(
      seen.every(({ path }) => path.startsWith("/app/demo/")),
      JSON.stringify(seen.map(({ path }) => path)),
    );
    const forged = seen.find(({ headers }) => headers["x-own"] === "y");
    assert.ok(forged !== undefined && forged.headers["hearth-persona"] === undefined);
  });

  test("navigate the shell, or replace the worker", async () => {
    await app.evaluate(() => {
      try {
        window.top.location = "https://example.com/";
      } catch {
        // Refused, as it should be.
      }
    });
    const registered = await app.evaluate(() =>
      navigator.serviceWorker.register("/script.js", { scope: "/" }).then(
        () => "registered",
        () => "refused",
      ),
    );
    assert.equal(registered, "refused");
    assert.equal(new URL(page.url()).host, `home.hearth.localhost:${server.port}`);
  });

  test("go on after it was revoked", async () => {
    await app.evaluate(async () => {
      window.reader = (await fetch("/endless")).body.getReader();
      await window.reader.read();
    });
    await page.evaluate(() => window.host.revoke());
    await page.waitForFunction(() => window.state.cancelled === 1 || window.state.aborted > 0);
    assert.equal(await page.locator("iframe").count(), 0);
  });
});

describe("a visit from elsewhere", () => {
  test("to an app's page at the top leads into the shell, with and without the worker", async () => {
    const origin = await page.evaluate(() => window.appOrigin());
    const label = new URL(origin).host.split(".")[0];
    for (const fresh of [false, true]) {
      const other = await (fresh ? await browser.newContext() : context).newPage();
      await other.goto(`${origin}/deep/link?x=1`);
      await other.waitForURL(/home\.hearth\.localhost/);
      assert.equal(new URL(other.url()).hash, `#/open/${label}?path=%2Fdeep%2Flink%3Fx%3D1`);
      await other.close();
    }
  });

  test("from a page that isn't the shell gets no app", async () => {
    const origin = await page.evaluate(() => window.appOrigin());
    const other = await context.newPage();
    await other.goto(`http://other.hearth.localhost:${server.port}/.hearth/boot.css`);
    await other.setContent(`<iframe src="${origin}/.hearth/boot"></iframe>`);
    await other.waitForTimeout(500);
    const inner = other.frames()[1];
    assert.equal(await inner?.evaluate(() => document.querySelector("iframe")).catch(() => null), null);
  });
});
