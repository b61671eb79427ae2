/** told where it is to name what was not delivered, and where the server quarantined it; the rest: rules.test.ts. */
import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { IdRange } from '../../record.ts'
import { judgedByAll, ledger, ruled, runOf } from '../testing/ledgers.ts'
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

describe('an answer that breaks the rules', () => {
  const struckBy = { type: 'bare_lf', point: 'response-head', taken: true }
  const rules = ruled({ use: 'resent_or_told' }).checks
  const run = runOf({ checks: [...judgedByAll().checks, ...rules] })
  const offered = (): LedgerOf => ledger(run).offer(5)
  const failing = (of: LedgerOf): string[] =>
    of
      .exit(0)
      .judge()
      .checks.filter(({ verdict }) => verdict === 'fail')
      .map(({ id }) => id)

  it('may be gone by', () => expect(failing(offered().attempt({ struckBy }))).toEqual([]))

  it('may be refused, and what it answered sent again', () => {
    expect(failing(offered().attempt({ struckBy }).attempt({ at: 5_000 }))).toEqual([])
  })

  it('is held to neither, where a good one and one that was cut are', () => {
    expect(failing(offered().attempt().attempt({ at: 5_000 }))).toEqual(
      expect.arrayContaining(['inv.no-double', 'I7']),
    )
    expect(failing(offered().attempt({ written: 'partial', struckBy }))).toEqual(
      expect.arrayContaining(['rule', 'I2']),
    )
  })
})
