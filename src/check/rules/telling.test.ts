/** told where it is to name what was not delivered, and where the server quarantined it; the rest: rules.test.ts. */
import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { IdRange } from '../../record.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf } from '../testing/ledgers.ts'

const refused = (named: boolean, over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
  ledger({ ...ruled({ use: 'told', ...(named && { named }) }), rung: 'lines', ...over })
    .offer(5)
    .attempt({ status: 400 })
const drop = (of: LedgerOf, ids?: IdRange[]): LedgerOf =>
  of.write({ kind: 'claim', what: 'drop', ...(ids && { ids }) })

describe('told, with names', () => {
  it('wants every record that was not delivered named, on a rung that can', () => {
    expect(
      drop(refused(true), [[0, 0, 4]])
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      drop(drop(refused(true), [[0, 0, 1]]), [[0, 2, 4]])
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      drop(refused(true), [[0, 0, 3]])
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(drop(refused(true)).exit(0).verdict('rule')).toBe('fail')
    expect(refused(true).exit(10).verdict('rule')).toBe('fail')
    expect(refused(true).exit(0).verdict('rule')).toBe('fail')
  })

  it('is content with any word on the pipe, or where no names are asked for', () => {
    expect(refused(true, { rung: 'pipe' }).exit(10).verdict('rule')).toBe('pass')
    expect(
      drop(refused(false), [[0, 0, 0]])
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })

  it('cannot tell before the end, or where everything was delivered', () => {
    expect(drop(refused(true), [[0, 0, 3]]).verdict('rule')).toBe('unknown')
    expect(refused(true).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(
      ledger({ ...ruled({ use: 'told', named: true }), rung: 'lines' })
        .offer(5)
        .exit(10)
        .verdict('rule'),
    ).toBe('unknown')
  })
})

describe('told, of quarantine', () => {
  const quarantined = (why: EntryOf<'discard'>['why'] = 'quarantine'): LedgerOf =>
    ledger(ruled({ use: 'told' }))
      .offer(5)
      .attempt({ status: 200, lands: 0 })
      .land([[0, 0, 2]])
      .write({ kind: 'discard', ids: [[0, 3, 4]], why })

  it('wants it told', () => {
    expect(quarantined().exit(10).verdict('rule')).toBe('pass')
    expect(quarantined().exit(0).verdict('rule')).toBe('fail')
  })

  it('does not want told what the client cannot know, nor what has landed since', () => {
    expect(quarantined('injected').exit(0).verdict('rule')).toBe('unknown')
    expect(
      quarantined()
        .land([[0, 3, 4]])
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
  })
})
