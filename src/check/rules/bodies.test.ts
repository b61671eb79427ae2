import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import { limits } from '../../limits.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

type Head = Partial<EntryOf<'request'>>

const by = (use: RuleCall['use'], over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
  ledger({ ...ruled({ use } as RuleCall), ...over }).offer(4)
const half: Told = { ids: [[0, 0, 1]] }
const rest: Told = { ids: [[0, 2, 3]] }

describe('ndjson', () => {
  const sent = (...heads: Head[]): LedgerOf => {
    const of = by('ndjson', { protocol: 'events-api' })
    for (const head of heads) of.attempt({ head })
    return of.exit(0)
  }

  it('wants every whole body in lines', () => {
    expect(sent({ form: 'ndjson' }, { form: 'ndjson' }).verdict('rule')).toBe('pass')
    for (const form of ['array', 'json', 'form', 'other'] as const) {
      expect(sent({ form: 'ndjson' }, { form }).verdict('rule')).toBe('fail')
    }
    expect(sent({ form: 'array' }).judge().checks[0]?.because).toEqual([
      '1 request of 1 not in NDJSON but array; the first is request 1.',
    ])
  })

  it('does not judge a part of a body, nor what the ledger does not say', () => {
    expect(sent({ form: 'other', complete: false }, { form: 'ndjson' }).verdict('rule')).toBe('pass')
    expect(sent({ form: 'other', complete: false }).verdict('rule')).toBe('unknown')
    expect(sent({ form: 'ndjson' }, {}).verdict('rule')).toBe('unknown')
    expect(sent().verdict('rule')).toBe('unknown')
  })

  it('is n/a where the protocol takes other bodies', () => {
    expect(
      by('ndjson')
        .attempt({ head: { form: 'array' } })
        .exit(0)
        .verdict('rule'),
    ).toBe('n/a')
  })
})

describe('utf8', () => {
  it('wants every whole body in UTF-8, found records or not', () => {
    expect(by('utf8').attempt().exit(0).verdict('rule')).toBe('pass')
    const latin = (head: Head): LedgerOf => by('utf8').attempt().attempt({ head }).exit(0)
    expect(latin({ utf8: false }).verdict('rule')).toBe('fail')
    expect(latin({ utf8: false, ids: [] }).verdict('rule')).toBe('fail')
    expect(latin({ utf8: false, complete: false }).verdict('rule')).toBe('pass')
    expect(latin({ utf8: false, ids: [], site: { lane: 'control', attempt: 1 } }).verdict('rule')).toBe(
      'pass',
    )
  })

  it('cannot tell without a whole body', () => {
    expect(by('utf8').exit(0).verdict('rule')).toBe('unknown')
    const cut = by('utf8').attempt({ head: { complete: false } })
    expect(cut.exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('authorized', () => {
  const sent = (...heads: Head[]): LedgerOf => {
    const of = by('authorized')
    for (const head of heads) of.attempt({ head })
    return of.exit(0)
  }

  it('wants the token on every request, with records or without', () => {
    expect(sent({ auth: true }, { auth: true }).verdict('rule')).toBe('pass')
    expect(sent({ auth: true }, { auth: false }).verdict('rule')).toBe('fail')
    expect(sent({ auth: true }, { auth: false, ids: [] }).verdict('rule')).toBe('fail')
    expect(sent({ auth: false, ids: [] }).verdict('rule')).toBe('fail')
  })

  it('asks none of bytes that are no request, of another origin, of a preflight', () => {
    expect(sent({ auth: true }, { ids: [], malformed: 'no request line' }).verdict('rule')).toBe('pass')
    expect(sent({ auth: true }, { auth: false, elsewhere: true }).verdict('rule')).toBe('pass')
    expect(sent({ auth: true }, { auth: false, ids: [], method: 'OPTIONS' }).verdict('rule')).toBe('pass')
  })

  it('cannot tell where the ledger does not say, or nothing was sent', () => {
    expect(sent({ auth: true }, {}).verdict('rule')).toBe('unknown')
    expect(sent({ auth: true, ids: [] }).verdict('rule')).toBe('unknown')
  })
})

describe('no_credentials_elsewhere', () => {
  const moved = (head?: Head, status: Told['status'] = 302, written?: Told['written']): LedgerOf => {
    const of = by('no_credentials_elsewhere')
    of.attempt({
      head: { auth: true, credential: '01234567' },
      ...(status && { status }),
      ...(written && { written }),
    })
    if (head) of.attempt({ head: { elsewhere: true, ...head } })
    return of.exit(10)
  }

  it('wants no credentials at the other origin, if anything', () => {
    expect(moved().verdict('rule')).toBe('pass')
    expect(moved({ auth: false }).verdict('rule')).toBe('pass')
    expect(moved({ auth: true }).verdict('rule')).toBe('fail')
    expect(moved({ auth: false, credential: '01234567' }).verdict('rule')).toBe('fail')
  })

  it('cannot tell without a whole redirect', () => {
    expect(moved(undefined, 202).verdict('rule')).toBe('unknown')
    expect(moved({ auth: false }, 302, 'partial').verdict('rule')).toBe('unknown')
    expect(by('no_credentials_elsewhere').exit(0).verdict('rule')).toBe('unknown')
  })

  it('does not blame a client whose requests always name another host, or a token that the redirect gave', () => {
    const strange = by('no_credentials_elsewhere').attempt({
      status: 302,
      head: { elsewhere: true, auth: true },
    })
    expect(
      strange
        .attempt({ head: { elsewhere: true, auth: true } })
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    const query = { auth: true, path: '/v0/events?name=a&token=x' }
    const given = by('no_credentials_elsewhere').attempt({ status: 302, head: query })
    expect(
      given
        .attempt({ head: { elsewhere: true, ...query } })
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    expect(moved({ ...query, auth: false, credential: '01234567' }).verdict('rule')).toBe('unknown')
    expect(moved(query).verdict('rule')).toBe('fail')
  })
})

describe('same_records', () => {
  const damaged = (at: string): Told => ({ damaged: [{ id: [0, 0], at }] })
  const twice = (first: Told, second: Told): LedgerOf =>
    by('same_records')
      .attempt({ ...first, status: 503 })
      .attempt(second)
      .exit(0)

  it('wants a record as it was in every attempt', () => {
    expect(twice({}, {}).verdict('rule')).toBe('pass')
    expect(twice({}, damaged('/at')).verdict('rule')).toBe('fail')
    expect(twice(damaged('/at'), {}).verdict('rule')).toBe('fail')
    expect(twice(damaged('/at'), damaged('/seq')).verdict('rule')).toBe('fail')
    expect(twice({}, { ...damaged('/at'), ids: [[0, 0, 0]] }).verdict('rule')).toBe('fail')
  })

  it('cannot compare what is damaged alike, cut, unnamed in a full list, or came once', () => {
    expect(twice(damaged('/at'), damaged('/at')).verdict('rule')).toBe('unknown')
    expect(twice({ head: { complete: false } }, damaged('/at')).verdict('rule')).toBe('unknown')
    expect(by('same_records').attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    const many = ledger(ruled({ use: 'same_records' })).offer(limits.witnessesMax + 1)
    const list = Array.from({ length: limits.witnessesMax }, (_, seq) => ({
      id: [0, seq] as const,
      at: '/at',
    }))
    const last = limits.witnessesMax
    const full = many.attempt({ damaged: list, status: 503 }).attempt({ ids: [[0, last, last]] })
    expect(full.exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('redirected', () => {
  const there = { path: '/?moved=1' }
  const moved = (next?: Told, status: 307 | 308 | 302 = 308): LedgerOf => {
    const of = by('redirected').attempt({ status })
    return (next ? of.attempt(next) : of).exit(next ? 0 : 10)
  }

  it('wants the same records by the same method at the new place', () => {
    expect(moved({ head: there }).verdict('rule')).toBe('pass')
    expect(moved({ head: there }, 307).verdict('rule')).toBe('pass')
    expect(moved({ head: { elsewhere: true } }).verdict('rule')).toBe('pass')
    expect(moved({}).verdict('rule')).toBe('fail')
    expect(moved({ ...half, head: there }).verdict('rule')).toBe('fail')
    expect(moved({ head: { ...there, method: 'PUT' } }).verdict('rule')).toBe('fail')
    expect(moved({ head: { ...there, complete: false } }).verdict('rule')).toBe('fail')
  })

  it('says whether it was told', () => {
    expect(moved().judge().checks[0]?.because[0]).toMatch(
      /^Not sent again to the new place, and told: 4 records/,
    )
    expect(moved().verdict('rule')).toBe('fail')
  })

  it('does not take a request for a sequel that was on its way before', () => {
    const crossing = by('redirected').attempt({ status: 308, at: 10, answeredAt: 30 })
    expect(crossing.attempt({ head: there, at: 20 }).exit(0).verdict('rule')).toBe('fail')
  })

  it('cannot tell without such an answer, or before the end', () => {
    expect(moved({ head: there }, 302).verdict('rule')).toBe('unknown')
    expect(by('redirected').attempt({ status: 308 }).verdict('rule')).toBe('unknown')
    expect(by('redirected').exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('told_or_landed', () => {
  it('wants each record landed or told', () => {
    expect(by('told_or_landed').attempt().exit(0).verdict('rule')).toBe('pass')
    expect(by('told_or_landed').attempt({ status: 302 }).exit(10).verdict('rule')).toBe('pass')
    expect(by('told_or_landed').attempt({ status: 302 }).exit(0).verdict('rule')).toBe('fail')
    expect(by('told_or_landed').attempt(half).exit(0).verdict('rule')).toBe('fail')
    expect(by('told_or_landed').exit(0).verdict('rule')).toBe('fail')
  })

  it('takes a named record for itself alone', () => {
    const naming = by('told_or_landed', { rung: 'lines' })
      .attempt({ status: 302 })
      .write({ kind: 'claim', what: 'drop', ids: [[0, 0, 1]] })
    expect(naming.exit(0).verdict('rule')).toBe('fail')
  })

  it('cannot tell before the end, or where nothing was sent and that was told', () => {
    expect(by('told_or_landed').attempt({ status: 302 }).verdict('rule')).toBe('unknown')
    expect(by('told_or_landed').exit(10).verdict('rule')).toBe('unknown')
  })
})
