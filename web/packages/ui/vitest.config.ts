import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { dedupe: ["react", "react-dom"] },
  test: { name: "@hearth/ui", include: ["src/**/*.test.ts"] },
});
