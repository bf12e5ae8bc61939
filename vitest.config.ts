import { defineConfig } from 'vitest/config'

// Tests run against the built package (Node 20 runs no .ts workers). Files whose tests start worker threads run one at a
// time: on two cores, machines that run beside each other would only starve each other.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    // The build is what is tested: Node loads it as it is, as it does in the workers.
    server: { deps: { external: [/\/dist\//] } },
    reporters: ['default'],
  },
})
