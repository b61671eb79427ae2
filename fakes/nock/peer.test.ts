/** A peer that is not there is named. */
import { afterEach, expect, it, vi } from 'vitest'
import { loadNock } from './peer.ts'

afterEach(() => vi.doUnmock('nock'))

it('names the package where it is missing', async () => {
  vi.doMock('nock', () => {
    throw new Error("Cannot find package 'nock'")
  })
  await expect(loadNock()).rejects.toMatchObject({
    code: 'usage',
    problems: [{ at: 'tailrace/nock', expected: 'the package nock beside tailrace' }],
  })
})

it('is nock where it is there', async () => {
  const nock = await loadNock()
  expect(nock.isActive()).toBe(true)
  nock.restore()
})
