import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { dedupe: ["react", "react-dom"] },
  test: { name: "@hearth/shell", include: ["src/**/*.test.ts", "worker/**/*.test.ts"] },
});
