import { describe, expect, it } from 'vitest'
import { acknowledges, levelUnder, matchesGlob, profiles, retries } from './profile.ts'
import type { Profile } from './profile.ts'

function profile(name: string): Profile {
  return profiles[name] ?? expect.fail(`no profile ${name}`)
}

/** Every status that a profile has retried, in runs. */
function retried(name: string): string[] {
  const all = Array.from({ length: 500 }, (_, i) => 100 + i).filter((status) =>
    retries(profile(name), status),
  )
  const runs: [number, number][] = []
  for (const status of all) {
    const last = runs.at(-1)
    if (last && last[1] + 1 === status) last[1] = status
    else runs.push([status, status])
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`))
}

describe('what is retried', () => {
  it('is 408, 429 and every 5xx under generic and events-api', () => {
    expect(retried('generic')).toEqual(['408', '429', '500–599'])
    expect(retried('events-api')).toEqual(['408', '429', '500–599'])
  })

  it('is no 429 under the guide', () => {
    expect(retried('events-api-guide')).toEqual(['408', '500–599'])
  })

  it('is 429, 502, 503 and 504 under elastic-bulk', () => {
    expect(retried('elastic-bulk')).toEqual(['429', '502–504'])
  })

  it.each(Object.keys(profiles))('includes what never got an answer, under %s', (name) => {
    for (const condition of ['network', 'goaway', 'refused_stream'])
      expect(retries(profile(name), condition)).toBe(true)
    expect(retries(profile(name), 'indigestion')).toBe(false)
  })

  it('is what stands by its number, against any class', () => {
    const odd: Profile = { ...profile('generic'), retryable: [404, '5xx'], neverRetry: ['4xx', 501] }
    expect([404, 403, 500, 501, 599].map((status) => retries(odd, status))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ])
  })
})

describe('an acknowledgement', () => {
  it.each(Object.keys(profiles))('is 200, 202 and 204, or 200 alone, under %s', (name) => {
    const all = Array.from({ length: 500 }, (_, i) => 100 + i)
    const wanted = name === 'elastic-bulk' ? [200] : [200, 202, 204]
    expect(all.filter((status) => acknowledges(profile(name), status))).toEqual(wanted)
  })

  it.each(Object.entries(profiles))('is what the server answers with, under %s', (_, profile) => {
    expect(acknowledges(profile, profile.reply.status)).toBe(true)
  })
})

describe('a level', () => {
  it('is the case’s own unless the profile says otherwise', () => {
    expect(levelUnder(profile('generic'), 'ing.ra.429-seconds', 'MUST')).toBe('MUST')
    expect(levelUnder(profile('events-api-guide'), 'ing.ra.429-seconds', 'MUST')).toBe('MAY')
    expect(levelUnder(profile('events-api-guide'), 'ing.429.gap', 'SHOULD')).toBe('MAY')
    expect(levelUnder(profile('events-api-guide'), 'ing.ra.503-seconds', 'MUST')).toBe('MUST')
  })
})

describe('what servers know of repeats, and what bodies are', () => {
  it('is as the pages of each say', () => {
    expect(Object.fromEntries(Object.values(profiles).map((p) => [p.name, [p.body, p.dedup]]))).toEqual({
      generic: ['any', undefined],
      'events-api': ['ndjson', { windowMs: 5 * 3_600_000 }],
      'events-api-guide': ['ndjson', { windowMs: 5 * 3_600_000 }],
      'elastic-bulk': ['ndjson', undefined],
    })
  })
})

describe('a glob', () => {
  it.each([
    ['ing.base.one', 'ing.base.one', true],
    ['ing.base.one', 'ing.base.one.more', false],
    ['base', 'ing.base.one', false],
    ['ing.*', 'ing.base.one', true],
    ['*.one', 'ing.base.one', true],
    ['*', '', true],
    ['ing.b?se.*', 'ing.base.one', true],
    ['ing.b?se', 'ing.bse', false],
    ['ing.base', 'ingxbase', false],
    ['a+(b)[c]{1}^$|\\', 'a+(b)[c]{1}^$|\\', true],
  ])('%j for %j: %s', (glob, text, fits) => expect(matchesGlob(glob, text)).toBe(fits))
})
