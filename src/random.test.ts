import { describe, expect, it } from 'vitest'
import { below, digest, hex, secret, shuffled, unit } from './random.ts'
import type { Part } from './random.ts'

/**
 * Made with Python: hashlib.sha256(json.dumps([str(part) for part in parts], ensure_ascii=False,
 * separators=(',', ':')).encode()), the first 48 bits of it over 2**48.
 */
const vectors: readonly (readonly [parts: [string, ...Part[]], digest: string, unit: number])[] = [
  [['42'], 'd646f2fabdd13a7ee16dfb12e59519b7b6880bf51912088c911f653b490c920f', 0.8370200979387086],
  [
    ['1', 'nonce', 'ing.base.one'],
    '90310dac40e5c684c4e51bd0f82a968f2e10ad64a67ebee5cda966ad74c1ca4f',
    0.5632484956303365,
  ],
  [
    ['', 'a"b\\c', 'Zürich 東京 🌊', 7, -0.5],
    '0b20354870f1b6781a73830b7d28b339c8006c1ebf3a4e06c4c5a98065dfa2c8',
    0.04346020716269905,
  ],
]

describe.each(vectors)('a draw for %j', (parts, wanted, asUnit) => {
  it('is the one that any language makes', () => {
    expect(digest(...parts).toString('hex')).toBe(wanted)
    expect(unit(...parts)).toBe(asUnit)
    expect(below(1000, ...parts)).toBe(Math.floor(asUnit * 1000))
    expect(hex(8, ...parts)).toBe(wanted.slice(0, 8))
    expect(hex(64, ...parts)).toBe(wanted)
  })
})

describe('the parts of a reason', () => {
  it.each<[[string, ...Part[]], [string, ...Part[]]]>([
    [
      ['s', 'ab', 'c'],
      ['s', 'a', 'bc'],
    ],
    [
      ['s', 'a,b'],
      ['s', 'a', 'b'],
    ],
    [
      ['s', 'a","b'],
      ['s', 'a', 'b'],
    ],
    [['s', ''], ['s']],
    [
      ['s', '', 'a'],
      ['s', 'a', ''],
    ],
    [['sa'], ['s', 'a']],
  ])('are not run together: %j is not %j', (one, other) => {
    expect(digest(...one)).not.toEqual(digest(...other))
  })

  it('are the same as a number and as its text', () => {
    expect(digest('s', 12)).toEqual(digest('s', '12'))
  })
})

describe('a shuffle', () => {
  const cards = Array.from({ length: 52 }, (_, i) => i)

  it('is the same for the same seed and reason, and another for any other', () => {
    const once = shuffled(cards, '1', 'deal')
    expect(shuffled(cards, '1', 'deal')).toEqual(once)
    expect(shuffled(cards, '2', 'deal')).not.toEqual(once)
    expect(shuffled(cards, '1', 'again')).not.toEqual(once)
    expect(once).not.toEqual(cards)
  })

  it('favours no place: each of three cards comes first about as often', () => {
    const first = [0, 0, 0]
    for (let seed = 0; seed < 3000; seed += 1) {
      const card = shuffled([0, 1, 2], String(seed))[0] ?? 0
      first[card] = (first[card] ?? 0) + 1
    }
    for (const times of first) expect(Math.abs(times - 1000)).toBeLessThan(100) // four standard deviations
  })
})

describe('a secret', () => {
  it.each([1, 7, 24])('has %i hexadecimal digits, and is another each time', (digits) => {
    const drawn = Array.from({ length: 20 }, () => secret(digits))
    for (const each of drawn) expect(each).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`))
    expect(new Set(drawn).size).toBeGreaterThan(1)
  })
})
