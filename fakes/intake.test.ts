import { describe, expect, it } from 'vitest'
import { tokenOf } from '../src/record.ts'
import { firstToken, logicalName, Sites } from './intake.ts'
import { source } from './testing/serving.ts'

describe('the first token of a part of a body', () => {
  const own = tokenOf(source.nonce, [1, 42])
  const strange = tokenOf('00000000', [0, 7])

  it('is the first of this run, whatever stands around it', () => {
    const later = tokenOf(source.nonce, [0, 1])
    expect(firstToken(Buffer.from(`id,${strange},"${own}" ${later}`), source)).toBe('1.42')
    expect(firstToken(Buffer.from([0xff, 0xc3, ...Buffer.from(own)]), source)).toBe('1.42')
  })

  it('is none where there is none, another run’s, or not yet a whole one', () => {
    expect(firstToken(Buffer.alloc(0), source)).toBeUndefined()
    expect(firstToken(Buffer.from(strange), source)).toBeUndefined()
    for (let length = 0; length < own.length; length += 1)
      expect(firstToken(Buffer.from(own.slice(0, length)), source)).toBeUndefined()
  })
})

describe('a logical request', () => {
  it('has the name of its lowest record, or none', () => {
    expect(
      logicalName([
        [0, 40, 45],
        [0, 7, 9],
      ]),
    ).toBe('0.7')
    expect(logicalName([])).toBeUndefined()
  })

  it('counts its attempts from 1, apart from those of others', () => {
    const sites = new Sites()
    const attempts = ['0.1', '0.2', '0.1', undefined, '0.1', undefined].map((name) =>
      sites.next('ingest', name),
    )
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 1, 3, 1])
    expect(attempts[0]).toEqual({ lane: 'ingest', logical: '0.1', attempt: 1 })
    expect(attempts[3]).toEqual({ lane: 'ingest', attempt: 1 })
  })
})
