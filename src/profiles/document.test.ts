import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Profile } from '../profile.ts'
import { fieldNames, fieldsOf, formProblems, profileOn, senseProblems } from './document.ts'
import { profiles, shipped } from './shipped.ts'

const generic = profiles['generic'] as Profile
const names = Object.keys(profiles)

describe('a shipped profile', () => {
  it.each(names)('%s has no problem of form or sense, and a source for every field', (name) => {
    const { profile, sources, says } = shipped[name] ?? expect.fail(`no profile ${name}`)
    expect(profile.name).toBe(name)
    expect(formProblems({ name: 'copy', ...fieldsOf(profile), sources })).toEqual([])
    expect(senseProblems(profile)).toEqual([])
    expect(Object.keys(sources).sort()).toEqual([...fieldNames].sort())
    expect(says).toMatch(/\.$/)
  })
})

describe('a document', () => {
  it('that says all of a profile is that profile, whatever it stands on', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom(...names), (one, other) => {
        const [wanted, base] = [profiles[one] as Profile, profiles[other] as Profile]
        expect(profileOn(base, { name: one, ...fieldsOf(wanted) })).toEqual(wanted)
      }),
    )
  })

  it('changes the fields that it has as a whole, and no other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        fc.subarray([...fieldNames]),
        (one, other, taken) => {
          const fields = fieldsOf(profiles[one] as Profile)
          const base = profiles[other] as Profile
          const part = Object.fromEntries(taken.map((field) => [field, fields[field]]))
          const got = profileOn(base, { name: 'mine', ...part })
          expect(fieldsOf(got)).toEqual({ ...fieldsOf(base), ...part })
          expect(got.name).toBe('mine')
        },
      ),
    )
  })

  it('takes away what the other knows of repeats', () => {
    expect(profileOn(profiles['events-api'] as Profile, { name: 'mine', dedup: null })).not.toHaveProperty(
      'dedup',
    )
  })

  it('is told of everything that is wrong with it, each with its pointer', () => {
    const document = {
      name: 'No name',
      attempts: { min: 0, max: 6, most: 7 },
      retryable: [429, '6xx', 99],
      on_413: 'divide',
      on_429: { without_retry_after: { min_gap_ms: -1 } },
      ack: { statuses: [] },
      dedup: { window: '5h' },
      levels: { 'ing.*': 'must' },
      sources: { retries: 'x' },
      on413: 'any',
    }
    expect(new Set(formProblems(document).map(({ at }) => at))).toEqual(
      new Set([
        '/name',
        '/attempts/min',
        '/attempts/most',
        '/retryable/1',
        '/retryable/2',
        '/on_413',
        '/on_429/without_retry_after/min_gap_ms',
        '/ack',
        '/ack/statuses',
        '/dedup',
        '/dedup/window',
        '/levels/ing.*',
        '/sources/retries',
        '/on413',
      ]),
    )
  })

  it.each([[null], [[]], ['generic'], [{}]])('is not %j', (value) => {
    expect(formProblems(value)).not.toEqual([])
  })
})

describe('a profile that contradicts itself', () => {
  it.each([
    ['/attempts/max', { attempts: { min: 4, max: 3 } }],
    ['/reply/status', { ack: { statuses: [200], needs: 'full' } }],
    ['/ack/statuses/1', { ack: { statuses: [202, 503], needs: 'full' } }],
    ['/never_retry/1', { never_retry: ['4xx', 429] }],
  ] as const)('is told so at %s', (at, part) => {
    const profile = profileOn(generic, { name: 'mine', ...part })
    expect(senseProblems(profile).map((problem) => problem.at)).toEqual([at])
  })
})
