import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: ["packages/*/vitest.config.ts", "{shell,apps/*}/vitest.config.ts"],
    reporters: ["default", ["junit", { titleTemplate: "{title}", addFileAttribute: true }]],
    outputFile: { junit: "../build/reports/web.xml" },
  },
});
