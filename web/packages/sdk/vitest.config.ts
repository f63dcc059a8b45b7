import { defineConfig } from "vitest/config";

// OPAQUE's key stretching takes its time on a busy machine.
export default defineConfig({
  test: { include: ["src/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
