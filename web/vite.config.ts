import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // The page answers at /graphql; what it loads lives under a prefix of its own.
  base: "/graphiql/",
  plugins: [react()],
  build: {
    outDir: "../graphcdp/api/graphiql",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    // Nothing becomes a data: address, so that fonts and icons are cached with the rest.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Monaco is one chunk by nature; the size is held by tests/api/test_graphiql_assets.py.
    chunkSizeWarningLimit: 5000,
    // GraphiQL ships compiled components whose directives mean nothing to a bundler.
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      output: {
        // Apart from our own sources, whose changes would else rename every large file.
        codeSplitting: {
          groups: [
            {
              name: "packages",
              // Monaco and Prettier stay out: they load when they are needed.
              test: /preload-helper|node_modules\/(?!monaco-|prettier\/)|monaco-graphql\/esm\/(utils|schemaLoader)/,
            },
          ],
          includeDependenciesRecursively: false,
        },
      },
    },
    license: { fileName: "LICENSES.md" },
  },
  worker: { format: "es" },
});
