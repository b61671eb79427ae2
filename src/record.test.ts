import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  countIds,
  includesId,
  lowestId,
  rangesOf,
  recordAt,
  recordSource,
  shownRange,
  tokenOf,
  tokensIn,
} from './record.ts'

const source = recordSource('42', 'ing.test')

describe('a record', () => {
  it('begins with its token, and is dated by its sequence', () => {
    expect(JSON.stringify(recordAt(source, [0, 0]))).toBe(
      '{"id":"tr555c2edf-0000-00000000","seq":0,"at":"2026-01-01T00:00:00.000Z",' +
        '"city":"東京","reading":589.17,"note":"reading 0 of \\"ing.test\\""}',
    )
  })

  it('is a function of seed, case, producer and sequence, and of nothing else', () => {
    const again = recordSource('42', 'ing.test')
    expect(recordAt(again, [3, 17])).toEqual(recordAt(source, [3, 17]))
    const others = [
      recordAt(recordSource('43', 'ing.test'), [3, 17]),
      recordAt(recordSource('42', 'ing.other'), [3, 17]),
      recordAt(source, [4, 17]),
      recordAt(source, [3, 18]),
    ]
    const ids = [recordAt(source, [3, 17]), ...others].map(({ id }) => id)
    expect(new Set(ids).size).toBe(5)
  })

  it('has a fingerprint: a thousand of them, made by another program, are the same bytes', () => {
    const hash = createHash('sha256')
    for (let i = 0; i < 1000; i += 1) hash.update(`${JSON.stringify(recordAt(source, [i % 3, i * 7919]))}\n`)
    // Python, by the description at the head of record.ts.
    expect(hash.digest('hex')).toBe('8fa232466ca8e09e7285445ba2b8d81cae59399487684f3f510035f60102622c')
  })
})

describe('a token', () => {
  it('is nonce, producer and sequence in hexadecimal', () => {
    expect(tokenOf('7f3a91c0', [10, 42])).toBe('tr7f3a91c0-000a-0000002a')
    expect(tokenOf('7f3a91c0', [0xffff, 0xffffffff])).toBe('tr7f3a91c0-ffff-ffffffff')
  })

  it('is found wherever it stands, of this run or not, with its place', () => {
    const text = 'x tr7f3a91c0-000a-0000002a,tr00000000-0000-00000001tr7f3a91c0-000a-0000002a"'
    expect([...tokensIn(text)]).toEqual([
      { nonce: '7f3a91c0', id: [10, 42], index: 2 },
      { nonce: '00000000', id: [0, 1], index: 27 },
      { nonce: '7f3a91c0', id: [10, 42], index: 51 },
    ])
  })

  it.each(['tr7f3a91c0-000a-0000002', 'tr7F3A91C0-000a-0000002a', 'tr7f3a91c0_000a-0000002a', 'tr', ''])(
    'is not seen in %j',
    (text) => expect([...tokensIn(text)]).toEqual([]),
  )

  it('is not seen until its last character is there', () => {
    const token = tokenOf(source.nonce, [1, 2])
    for (let length = 0; length < token.length; length += 1)
      expect([...tokensIn(token.slice(0, length))]).toEqual([])
    expect([...tokensIn(token)]).toHaveLength(1)
  })
})

describe('ranges', () => {
  it('join neighbours of one producer, and begin anew at a gap, a step back or a repeat', () => {
    expect(
      rangesOf([
        [0, 1],
        [0, 2],
        [0, 4],
        [0, 3],
        [0, 3],
        [1, 4],
      ]),
    ).toEqual([
      [0, 1, 2],
      [0, 4, 4],
      [0, 3, 3],
      [0, 3, 3],
      [1, 4, 4],
    ])
  })

  it('are shown by their ends', () => {
    expect(shownRange([0, 42, 42])).toBe('0.42')
    expect(shownRange([0, 40, 45])).toBe('0.40–0.45')
  })

  it('count a repeated id each time', () => {
    expect(
      countIds([
        [0, 1, 3],
        [0, 3, 3],
      ]),
    ).toBe(4)
    expect(countIds([])).toBe(0)
  })

  it('have a lowest id by producer, then sequence; none when there are none', () => {
    expect(
      lowestId([
        [1, 0, 9],
        [0, 7, 9],
        [0, 5, 6],
      ]),
    ).toEqual([0, 5])
    expect(lowestId([])).toBeUndefined()
  })

  it('hold their ends and what lies between, for their own producer', () => {
    const ranges = [
      [0, 5, 7],
      [2, 1, 1],
    ] as const
    const held = (producer: number, seq: number): boolean => includesId(ranges, [producer, seq])
    expect([held(0, 5), held(0, 6), held(0, 7), held(2, 1)]).toEqual([true, true, true, true])
    expect([held(0, 4), held(0, 8), held(1, 6), held(2, 2)]).toEqual([false, false, false, false])
  })
})
