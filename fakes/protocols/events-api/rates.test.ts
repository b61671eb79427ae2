import { describe, expect, it } from 'vitest'
import { HandClock } from '../../../src/clock.ts'
import { DataSource } from '../../pipeline/data-sources.ts'
import { Rates } from './rates.ts'

const hits = new DataSource('hits')
const clicks = new DataSource('clicks')

function told(rates: Rates, source = hits, status = 202): string[] {
  return rates.headers(status, source).map(([, value]) => value)
}

describe('the rate limit', () => {
  it('is per data source and second of the clock, and a new second begins anew', async () => {
    const clock = new HandClock()
    const rates = new Rates({ clock, perSecond: 2, enforced: true })
    await clock.advance(300)
    expect([rates.admit(hits), rates.admit(hits), rates.admit(hits)]).toEqual([true, true, false])
    expect(rates.admit(clicks)).toBe(true)
    expect(told(rates)).toEqual(['2', '0', '1'])
    expect(told(rates, clicks)).toEqual(['2', '1', '1'])
    await clock.advance(699)
    expect(rates.admit(hits)).toBe(false)
    await clock.advance(1)
    expect(told(rates)).toEqual(['2', '2', '1'])
    expect(rates.admit(hits)).toBe(true)
  })

  it('that is told and not held refuses nothing', () => {
    const rates = new Rates({ clock: new HandClock(), perSecond: 1, enforced: false })
    expect([rates.admit(hits), rates.admit(hits), rates.admit(hits)]).toEqual([true, true, true])
    expect(told(rates)).toEqual(['1', '0', '1'])
  })

  it('is 1000 when nothing else is said, and a 429 leaves nothing', () => {
    const rates = new Rates({ clock: new HandClock(), enforced: true })
    expect(told(rates)).toEqual(['1000', '1000', '1'])
    expect(told(rates, hits, 429)).toEqual(['1000', '0', '1'])
  })

  it('resets in seconds, or at a time', async () => {
    const clock = new HandClock(Date.UTC(2026, 0, 1))
    const epoch = new Rates({ clock, enforced: true, reset: 'epoch' })
    await clock.advance(1700)
    expect(told(epoch)[2]).toBe(String(Date.UTC(2026, 0, 1) / 1000 + 2))
    expect(epoch.waitS()).toBe(1)
  })
})
