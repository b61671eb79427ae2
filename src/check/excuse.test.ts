import { describe, expect, it } from 'vitest'
import type { Struck } from '../entry.ts'
import { ledger, runOf } from './testing/ledgers.ts'
import type { LedgerOf } from './testing/ledgers.ts'

type RunChecks = NonNullable<Parameters<typeof runOf>[0]>['checks'] & object

const http2 = (): LedgerOf => ledger(runOf({ http2: true })).offer(4)
const verdicts = (of: LedgerOf): string[] => [...new Set(of.judge().checks.map(({ verdict }) => verdict))]
const because = (of: LedgerOf): string | undefined => of.judge().checks[0]?.because[0]
const open = (of: LedgerOf, proto: 'h1' | 'tls' | 'h2' | 'h2c', conn = 1): LedgerOf =>
  of.write({ kind: 'open', conn, proto })
const handshake = (of: LedgerOf, conn = 1): LedgerOf =>
  of.write({ kind: 'close', conn, by: 'client', how: 'fin', handshake: 'unknown ca' })

describe('a case about HTTP/2', () => {
  it.each(['h2', 'h2c'] as const)('is judged where %s was spoken, on any connection', (proto) => {
    const spoken = open(open(http2(), 'tls', 2), proto)
      .attempt()
      .exit(0)
    expect(spoken.judge().verdict).toBe('pass')
    expect(spoken.judge().guarantee).toBeDefined()
  })

  it.each(['h1', 'tls'] as const)('is n/a where %s was spoken alone', (proto) => {
    const other = open(http2(), proto).attempt().exit(0)
    expect(verdicts(other)).toEqual(['n/a'])
    expect(because(other)).toBe('The client spoke HTTP/1.1 where HTTP/2 was offered.')
    expect(other.judge().verdict).toBe('n/a')
    expect(other.judge().guarantee).toBeUndefined()
  })

  it('is n/a where the client did not get through TLS, and says what it is to trust', () => {
    const failed = handshake(open(http2(), 'tls')).exit(10)
    expect(verdicts(failed)).toEqual(['n/a'])
    expect(because(failed)).toBe('The client did not get through TLS (unknown ca): trust TAILRACE_CA.')
    const second = open(handshake(open(http2(), 'tls')), 'tls', 2)
      .attempt({ conn: 2 })
      .exit(0)
    expect(because(second)).toMatch(/HTTP\/1\.1/)
  })

  it('is judged as ever where the client never connected', () => {
    expect(http2().exit(0).judge().verdict).toBe('fail')
    expect(verdicts(http2().exit(10))).toContain('pass') // of what it lost it has told
  })

  it('alone is excused so', () => {
    expect(open(ledger().offer(4), 'tls').attempt().exit(0).judge().verdict).toBe('pass')
  })
})

describe('a fault that waits for several streams', () => {
  const planned: Struck = { type: 'goaway', point: 'request', streams: 4, keep: 2 }
  const lonely: Struck = { type: 'none', point: 'request', why: 'few-streams' }
  const checks = [{ id: 'fired', level: 'MUST', rules: [{ rule: 'g', min: 1 }] }] as const
  const of = (...emitted: Struck[]): LedgerOf => {
    const told = ledger(runOf({ checks })).offer(4).attempt()
    for (const one of emitted) told.write({ kind: 'fault', rule: 'g', req: 1, planned, emitted: one })
    return told.exit(0)
  }

  it('makes the case n/a where the client never had so many', () => {
    expect(verdicts(of(lonely, lonely))).toEqual(['n/a'])
    expect(because(of(lonely))).toBe('The client never had 4 requests under way on one connection.')
  })

  it('has struck where it did so once', () => {
    expect(of(lonely, planned).verdict('fired')).toBe('pass')
    expect(of({ ...lonely, why: 'gone' }).verdict('fired')).toBe('unknown')
  })

  it('excuses no client that fails all the same', () => {
    const lost = ledger(runOf({ checks: [...checks, { id: 'inv.no-loss', level: 'MUST' }] }))
      .offer(4)
      .attempt({ status: 500 })
      .write({ kind: 'fault', rule: 'g', req: 1, planned, emitted: lonely })
      .exit(0)
    expect(lost.verdict('inv.no-loss')).toBe('fail')
    expect(lost.judge().verdict).toBe('fail')
  })
})

describe('faults that need not strike', () => {
  const fired = (min: number, other = min): RunChecks => [
    {
      id: 'fired',
      level: 'MUST',
      rules: [
        { rule: 'a', min },
        { rule: 'b', min: other },
      ],
    },
    { id: 'inv.no-loss', level: 'MUST' },
  ]
  const struck: Struck = { type: 'idle_close', point: 'idle' }
  const one = (checks: RunChecks): LedgerOf => ledger(runOf({ checks })).offer(4).attempt().exit(0)

  it('make the case n/a where none has', () => {
    expect(verdicts(one(fired(0)))).toEqual(['n/a'])
    expect(because(one(fired(0)))).toMatch(/^The client met none/)
  })

  it.each<[string, LedgerOf]>([
    ['one has to', one(fired(0, 1))],
    ['one has', one(fired(0)).write({ kind: 'fault', rule: 'a', conn: 1, planned: struck, emitted: struck })],
    ['nothing was planned', one([{ id: 'inv.no-loss', level: 'MUST' }])],
    [
      'the client fails',
      ledger(runOf({ checks: fired(0) }))
        .offer(4)
        .attempt({ status: 500 })
        .exit(0),
    ],
    [
      'the client sent nothing',
      ledger(runOf({ checks: fired(0) }))
        .offer(4)
        .exit(10),
    ],
  ])('do not where %s', (_, of) => {
    expect(of.judge().verdict).not.toBe('n/a')
  })
})
