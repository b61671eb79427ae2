/**
 * Tests stand beside the code. They run in processes of their own, because many start servers and clients. Those that
 * judge whole clients come last, one file after the other: promises about time want the machine for themselves.
 */
import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

const judging = ['scenarios/**/*.test.ts', '{src,fakes}/**/*judged.test.ts', 'src/door/door.test.ts']

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,fakes,reporters,bench}/**/*.test.ts'],
          exclude: judging,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: judging,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: {
      include: ['{src,fakes,scenarios,reporters}/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing/**'],
      reporter: ['text-summary', 'json'],
    },
  },
})

export default config
