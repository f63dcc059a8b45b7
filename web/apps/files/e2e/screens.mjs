// The screens of Files over the sample tree, and what to press to get there.
const grid = (page) => page.addInitScript(() => localStorage.setItem("files.look", "grid"));
const row = (page, name) => page.getByRole("row", { name });

export const screens = {
  list: {},
  "list-arabic": { query: "lang=ar" },
  grid: {
    query: "path=Photographs/Summer by the lake",
    before: grid,
    // Every photograph has its small picture.
    act: (page) =>
      page.waitForFunction(
        () => document.querySelectorAll(".f-tile").length === document.querySelectorAll(".f-tile img").length,
      ),
  },
  selected: {
    act: async (page) => {
      await row(page, /First flower/).click();
      await row(page, /Ladybird/).click({ modifiers: ["Control"] });
    },
  },
  menu: {
    act: async (page) => {
      await row(page, /First flower/).click({ button: "right" });
      await page.getByRole("menu").waitFor();
    },
  },
  empty: {
    query: "path=Nowhere yet",
    before: (page) =>
      page.route(/\/api\/v1\/list/, (route) =>
        route.fulfill({
          json: { path: "", version: "1", total: 0, folders: 0, offset: 0, entries: [], cursor: null },
        }),
      ),
  },
  "empty-top": {
    before: (page) =>
      page.route(/\/api\/v1\/list/, (route) =>
        route.fulfill({
          json: { path: "", version: "1", total: 0, folders: 0, offset: 0, entries: [], cursor: null },
        }),
      ),
  },
  offline: {
    before: (page) => page.route(/\/api\/v1\/list/, (route) => route.abort()),
    act: (page) => page.getByRole("button", { name: "Try again" }).waitFor(),
  },
  search: { query: "q=flower" },
  rename: {
    act: async (page) => {
      await row(page, /First flower/).click();
      await page.keyboard.press("F2");
      await page.getByRole("dialog").waitFor();
    },
  },
  move: {
    act: async (page) => {
      await row(page, /First flower/).click();
      await page.getByRole("button", { name: "Move to", exact: true }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  "preview-image": {
    query: "open=The meadow behind the house.jpg",
    act: (page) => page.getByRole("dialog").waitFor(),
  },
  "preview-text": {
    query: "open=Notes on the garden.md",
    act: (page) => page.getByText("Prune the roses").waitFor(),
  },
  "preview-pdf": {
    query: "open=Tax return 2025.pdf",
    act: async (page) => {
      await page.locator(".f-pdf-page:not(.f-pdf-wait)").waitFor();
    },
  },
  "preview-video": { query: "open=Mira learns to swim.webm", act: (page) => page.locator("video").waitFor() },
  "preview-none": {
    query: "open=Backup of the old laptop.zip",
    act: (page) => page.getByRole("dialog").waitFor(),
  },
  uploads: {
    before: (page) => page.route(/\/api\/v1\/uploads\/.+/, async (route) => void route),
    act: async (page) => {
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Add", exact: true }).click();
      await page.getByRole("menuitem", { name: "Upload files" }).click();
      await (
        await chooser
      ).setFiles(
        ["Birthday.mp4", "The boat.jpg", "The boat, again.jpg", "Grandmother.jpg", "Picnic.jpg"].map(
          (name, index) => ({
            name,
            mimeType: "image/jpeg",
            buffer: Buffer.alloc(3_000_000 + index * 1_234_567),
          }),
        ),
      );
      await page
        .getByText(/^Uploading/)
        .first()
        .waitFor();
    },
  },
};
