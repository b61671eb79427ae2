import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { profileOn } from '../../profiles/document.ts'
import type { CaseRun } from '../../run.ts'
import { caseOf } from '../../testing/cases.ts'
import { readReplay, replayOf } from './replay-file.ts'
import type { Parts } from './replay-file.ts'

const run: CaseRun = { level: 'MUST', failures: [], dropped: 0, entries: [], durationMs: 1, phases: {} }
const generic = profiles['generic'] as Profile

function parts(profile: Profile): Parts {
  return {
    client: 'true',
    protocol: 'generic',
    profile,
    seed: '1',
    host: '127.0.0.1',
    knobs: [],
    rung: 'pipe',
    reuse: false,
  }
}

/** Reads back what was written, changed. */
function again(
  profile: Profile,
  change: (file: Record<string, unknown>) => object = (file) => file,
): Profile {
  const path = join(mkdtempSync(join(tmpdir(), 'tailrace-replay-')), 'replay.json')
  const file = JSON.parse(replayOf(caseOf('test.one'), run, parts(profile))) as Record<string, unknown>
  writeFileSync(path, JSON.stringify(change(file)))
  return readReplay(path).parts.profile
}

describe('a replay file', () => {
  it.each(Object.keys(profiles))('keeps the whole profile: %s', (name) => {
    expect(again(profiles[name] as Profile)).toEqual(profiles[name])
  })

  it('keeps one that came from a file, and needs that file no more', () => {
    const mine = profileOn(generic, {
      name: 'mine',
      attempts: { min: 2, max: 2 },
      levels: { 'ing.*': 'MAY' },
    })
    expect(again(mine)).toEqual(mine)
  })

  it('may have the name alone, as the first ones had', () => {
    const guide = profiles['events-api-guide'] as Profile
    expect(again(generic, (file) => ({ ...file, profile: 'events-api-guide' }))).toEqual(guide)
  })

  it('is none where its profile is unknown, not whole, or contradicts itself', () => {
    const changed = (part: object) => (file: Record<string, unknown>) => ({
      ...file,
      profile: { ...(file['profile'] as object), ...part },
    })
    expect(() => again(generic, (file) => ({ ...file, profile: 'mine' }))).toThrow(
      /\/profile: expected object/,
    )
    expect(() => again(generic, changed({ retires: 1 }))).toThrow(/\/profile\/retires/)
    expect(() => again(generic, changed({ body: undefined }))).toThrow(/\/profile: expected the key body/)
    expect(() => again(generic, changed({ attempts: { min: 3, max: 2 } }))).toThrow(
      /\/profile\/attempts\/max/,
    )
  })
})
