import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { dedupe: ["react", "react-dom"] },
  test: { name: "@hearth/files", include: ["src/**/*.test.ts"] },
});
