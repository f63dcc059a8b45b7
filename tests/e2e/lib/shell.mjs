// What a person does in the shell and in Files, by what is written on the screen.

export async function becomeOwner(page, { box, name, password }) {
  await page.getByRole("button", { name: "Set up this box" }).click();
  await page.getByLabel("Name of the box").fill(box);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Make it mine" }).click();
  await page.getByRole("heading", { name: "Your recovery kit" }).waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Later" }).click();
  await page.getByRole("link", { name: /home|start|go/i }).or(page.getByRole("button", { name: /home|start|go/i })).first().click();
  await page.getByRole("searchbox").waitFor();
}

/** The frame of Files, ready. */
export async function openFiles(page) {
  await page.getByRole("link", { name: /Files/ }).first().click();
  const frame = page.frameLocator("iframe").frameLocator("iframe");
  await frame.getByRole("button", { name: "Add" }).waitFor({ timeout: 60_000 });
  return frame;
}

export const entry = (files, name) => files.getByRole("row", { name: new RegExp(name) }).or(files.getByRole("gridcell", { name: new RegExp(name) })).first();

export async function upload(files, paths) {
  await files.locator("input[type=file]:not([webkitdirectory])").first().setInputFiles(paths);
  for (const path of paths) await entry(files, path.split("/").pop()).waitFor({ timeout: 120_000 });
}

export async function openEntry(files, name) {
  await entry(files, name).dblclick();
}

export async function makePairingLink(page) {
  await page.getByRole("link", { name: /home$/ }).click();
  await page.goto(new URL("/devices", page.url()).href);
  await page.getByRole("link", { name: "Pair a device" }).click();
  await page.getByRole("img", { name: /QR/ }).waitFor();
  return page.getByRole("textbox", { name: "Pairing link" }).inputValue();
}

export async function joinByLink(page, { succeeds = true } = {}) {
  await page.getByRole("button", { name: "Add this device" }).click();
  if (succeeds) await page.getByRole("searchbox").waitFor({ timeout: 60_000 });
  else await page.getByRole("alert").waitFor({ timeout: 60_000 });
}
