import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../entry.ts'
import type { IdRange } from '../record.ts'
import { guaranteeTiers } from '../verdict.ts'
import type { Guarantee } from '../verdict.ts'
import { judge } from './judge.ts'
import { ledger } from './testing/ledgers.ts'
import type { LedgerOf, Told } from './testing/ledgers.ts'
import { mergeGuarantees } from './tier.ts'

const first: IdRange[] = [[0, 0, 1]]
const four = (): LedgerOf => ledger().offer(4)
const doubled = (): LedgerOf => four().attempt({ status: 'none', taken: true }).attempt({ ids: first }).attempt({ ids: [[0, 2, 3]] }) // prettier-ignore
const lossy = (): LedgerOf => four().attempt({ ids: first })

describe('the guarantee', () => {
  it('is effectively-once where nothing was lost and nothing doubled, and nothing speaks against it', () => {
    expect(four().attempt().exit(0).judge().guarantee).toEqual({
      atLeast: 'landed',
      atMost: 'once',
      tier: 'effectively-once',
    })
  })

  it('is no more than at-least-once after a double, with the record and the entries that show it', () => {
    const of = doubled().exit(0)
    const { atLeast, atMost, tier, against } = of.judge().guarantee as Guarantee
    expect([atLeast, atMost, tier]).toEqual(['landed', 'none', 'at-least-once'])
    expect(against).toMatchObject({
      tier: 'effectively-once',
      because: 'record 0.0 landed twice',
      records: [[0, 0]],
    })
    const shown = of.entries.filter(({ n }) => against?.entries.includes(n))
    expect(shown.filter(({ kind }) => kind === 'land')).toHaveLength(2)
    expect(shown.filter(({ kind }) => kind === 'request')).toHaveLength(2)
  })

  it('is no more than at-most-once after a loss without a word', () => {
    expect(lossy().exit(0).judge().guarantee).toMatchObject({
      tier: 'at-most-once',
      atLeast: 'none',
      against: { tier: 'effectively-once', because: 'record 0.2 was lost in silence' },
    })
  })

  it('is nothing after both, and a loss is named first', () => {
    const both = four().attempt({ ids: first, status: 'none', taken: true }).attempt({ ids: first, at: 200 }).exit(0) // prettier-ignore
    expect(both.judge().guarantee).toMatchObject({
      tier: 'fire-and-forget',
      against: { tier: 'at-least-once', because: 'record 0.2 was lost in silence' },
    })
  })

  it('names the record that the fewest requests carried', () => {
    const many = four()
    const gone: Told = { status: 'none', ids: [[0, 0, 2]] }
    const of = many.attempt(gone).attempt(gone).attempt({ status: 'none' }).exit(0)
    expect(of.judge().guarantee?.against?.records).toEqual([[0, 3]])
  })

  it('is not broken by a loss that was told, nor by a row that the server doubled', () => {
    expect(four().attempt({ status: 400 }).exit(10).judge().guarantee?.tier).toBe('effectively-once')
    expect(four().attempt({ lands: 2 }).exit(0).judge().guarantee?.tier).toBe('effectively-once')
  })

  it('goes up to what was accepted where the server dropped it, untold', () => {
    const dropped = (): LedgerOf => four().attempt({ lands: 0 }).write({ kind: 'discard', ids: first, why: 'injected' }).land([[0, 2, 3]]) // prettier-ignore
    expect(dropped().exit(0).judge().guarantee?.atLeast).toBe('accepted')
    expect(dropped().exit(10).judge().guarantee?.atLeast).toBe('landed')
  })

  it('is not inferred where the end was not seen, nor from a client that we stopped', () => {
    expect(lossy().judge().guarantee).toBeUndefined()
    expect(ledger().offer(0).exit(0).judge().guarantee).toBeUndefined()
    const stopped = lossy().write({ kind: 'act', what: 'signal', raw: 'SIGTERM' }).exit(0)
    expect(stopped.judge().guarantee).toBeUndefined()
    const crashed = lossy().exit(139)
    expect(crashed.judge().guarantee?.tier).toBe('at-most-once')
  })
})

const guarantees = (): Record<string, Guarantee | undefined> => ({
  clean: four().attempt().exit(0).judge().guarantee,
  doubled: doubled().exit(0).judge().guarantee,
  lossy: lossy().exit(0).judge().guarantee,
  unseen: undefined,
})

function mergeOf(...names: string[]): Guarantee | undefined {
  const all = guarantees()
  return mergeGuarantees(names.map((id) => ({ id, ...(all[id] ? { guarantee: all[id] } : {}) })))
}

describe('the guarantees of several cases', () => {
  it('are the weakest of each side, with the case that shows it', () => {
    expect(mergeOf('clean', 'unseen')).toEqual({
      atLeast: 'landed',
      atMost: 'once',
      tier: 'effectively-once',
    })
    expect(mergeOf('clean', 'doubled')).toMatchObject({
      tier: 'at-least-once',
      against: { tier: 'effectively-once', because: 'record 0.0 landed twice', case: 'doubled' },
    })
    expect(mergeOf('clean', 'lossy')).toMatchObject({ tier: 'at-most-once', against: { case: 'lossy' } })
  })

  it('of which one loses and another doubles are none, and the loss is what speaks against more', () => {
    expect(mergeOf('doubled', 'clean', 'lossy')).toMatchObject({
      ...{ atLeast: 'none', atMost: 'none', tier: 'fire-and-forget' },
      against: { tier: 'at-least-once', because: 'record 0.2 was lost in silence', case: 'lossy' },
    })
  })

  it('are unknown where no case tells', () => {
    expect(mergeOf('unseen')).toBeUndefined()
    expect(mergeOf()).toBeUndefined()
  })
})

/** What the tiers stand for, so that one can be held against the other. */
const strength = (tier: Guarantee['tier']): [boolean, boolean] => [
  tier === 'at-least-once' || tier === 'effectively-once',
  tier === 'at-most-once' || tier === 'effectively-once',
]

describe('the lattice', () => {
  const names = ['clean', 'doubled', 'lossy', 'unseen']

  it('merges in any order to the meet, and names a case that is among them', () => {
    const all = guarantees()
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: 1 }), (chosen) => {
        const merged = mergeOf(...chosen)
        const known = chosen.flatMap((name) => all[name] ?? [])
        if (known.length === 0) {
          expect(merged).toBeUndefined()
          return
        }
        const sides = known.map(({ tier }) => strength(tier))
        const meet = [0, 1].map((side) => sides.every((one) => one[side]))
        expect(strength(merged?.tier as Guarantee['tier'])).toEqual(meet)
        expect(merged?.against === undefined).toBe(merged?.tier === 'effectively-once')
        if (merged?.against) {
          expect(chosen).toContain(merged.against.case)
          expect(guaranteeTiers.indexOf(merged.against.tier)).toBeGreaterThan(
            guaranteeTiers.indexOf(merged.tier),
          )
        }
      }),
    )
  })

  it('never rises when a record is landed once more, or not at all', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.boolean(), (seq, more) => {
        const of = four()
        for (let one = 0; one < 4; one += 1) of.attempt({ ids: [[0, one, one]], at: 10 + 100 * one })
        if (more) of.attempt({ ids: [[0, seq, seq]], at: 900 })
        const { entries } = of.exit(0)
        const kept = entries.filter(
          (entry: Entry) => more || entry.kind !== 'land' || entry.ids[0]?.[1] !== seq,
        )
        expect(judge(kept).guarantee?.tier).toBe(more ? 'at-least-once' : 'at-most-once')
        expect(judge(kept).guarantee?.against?.records).toEqual([[0, seq]])
      }),
    )
  })
})
