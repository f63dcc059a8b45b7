import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** What each package may import of ours: dependencies point one way, and never past a package's `exports`. */
const borders = {
  "packages/sdk": ["@hearth/ui", "@hearth/boot", "@hearth/shell"],
  "packages/boot": ["@hearth/ui", "@hearth/shell", "@hearth/sdk"],
  "packages/ui": ["@hearth/sdk", "@hearth/boot", "@hearth/shell"],
};

export default defineConfig(
  { ignores: ["**/dist/**", "**/node_modules/**", "**/*.mjs", "**/*.js", "**/*.d.ts"] },
  eslint.configs.recommended,
  tseslint.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-undef": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-imports": ["error", { patterns: ["@hearth/*/src/*", "@hearth/*/*/*"] }],
    },
  },
  ...Object.entries(borders).map(([folder, banned]) => ({
    files: [`${folder}/**/*.ts`, `${folder}/**/*.tsx`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: ["@hearth/*/src/*", "@hearth/*/*/*"],
          paths: banned.map((name) => ({ name, message: "wrong direction" })),
        },
      ],
    },
  })),
);
