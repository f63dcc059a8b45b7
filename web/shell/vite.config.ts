import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** A chunk that is imported at once by what the page loads is loaded beside it, not after it. */
function preloads(name: string): Plugin {
  return {
    name: "hearth-preloads",
    transformIndexHtml: (_, { bundle = {} }) =>
      Object.values(bundle)
        .filter((chunk) => chunk.type === "chunk" && chunk.isDynamicEntry && chunk.name === name)
        .map(({ fileName }) => ({
          tag: "link",
          attrs: { rel: "modulepreload", href: `/${fileName}` },
          injectTo: "head",
        })),
  };
}

export default defineConfig({
  plugins: [react(), preloads("platform_sdk")],
  // Other packages here ask for another React; there must be one.
  resolve: { dedupe: ["react", "react-dom"] },
  build: {
    emptyOutDir: true,
    target: ["chrome123", "firefox125", "safari17.5"],
    manifest: true,
    modulePreload: { polyfill: false },
    // A strict CSP allows no data: fonts or scripts.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", tabs: fileURLToPath(import.meta.resolve("@hearth/sdk/switchboard")) },
      // Tabs of different versions meet in one worker: its address never changes.
      output: {
        entryFileNames: ({ name }) => (name === "tabs" ? "tabs.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
