import { defineConfig } from "vite";

/** The SDK as one file for pages that bring no bundler. No library mode: that leaves the spaces in. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../../../build/web/sdk",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    rolldownOptions: {
      input: "src/index.ts",
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "hearth-sdk.js", chunkFileNames: "[name].js" },
    },
  },
});
