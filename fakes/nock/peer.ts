/** nock itself: a peer that those bring who use it, imported here and nowhere else. */
import type nock from 'nock'
import { messageOf, TailraceError } from '../../src/errors.ts'

export type Nock = typeof nock

/** Throws `usage`, naming the package, where it is not there. */
export async function loadNock(): Promise<Nock> {
  const loaded = await import('nock').catch((error: unknown) => {
    const problem = {
      at: 'tailrace/nock',
      expected: 'the package nock beside tailrace',
      got: messageOf(error),
    }
    throw new TailraceError('usage', 'nock cannot be loaded', [problem], { cause: error })
  })
  return loaded.default
}
