/** The examples of docs/vitest.md and docs/nock.md are the tests that stand beside this one, to the letter. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import './vitest.ts'

const pages = [
  ['docs/vitest.md', 'src/door/vitest-example.judged.test.ts'],
  ['docs/nock.md', 'src/door/nock-example.test.ts'],
] as const

it.each(pages)('%s shows %s', (page, example) => {
  const told = readFileSync(example, 'utf8').replace(/'\.\/(vitest|nock)\.ts'/g, "'tailrace/$1'")
  const [, path, shown] = /<!-- (\S+) -->\n\n```ts\n([^]*?)```\n/.exec(readFileSync(page, 'utf8')) ?? []
  expect([path, shown]).toEqual([example, told])
})

it('docs/vitest.md has a row for each matcher', () => {
  const rows = [...readFileSync('docs/vitest.md', 'utf8').matchAll(/^\| `(to\w+)\(/gm)].map(
    ([, name = '']) => name,
  )
  expect(rows).toHaveLength(8)
  for (const name of rows) expect(expect).toHaveProperty(name)
})
