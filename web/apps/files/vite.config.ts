import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the app works under whatever path and origin it is given.
  base: "./",
  plugins: [react()],
  // Other packages here ask for another React; there must be one.
  resolve: { dedupe: ["react", "react-dom"] },
  build: {
    outDir: "../../../build/web/files",
    emptyOutDir: true,
    target: ["chrome123", "firefox125", "safari17.5"],
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
