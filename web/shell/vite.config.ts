import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Other packages here ask for another React; there must be one.
  resolve: { dedupe: ["react", "react-dom"] },
  build: {
    outDir: "../../build/web/shell",
    emptyOutDir: true,
    target: ["chrome123", "firefox125", "safari17.5"],
    manifest: true,
    modulePreload: { polyfill: false },
    // A strict CSP allows no data: fonts or scripts.
    assetsInlineLimit: 0,
  },
});
