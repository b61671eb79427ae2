import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const now = Date.UTC(1994, 10, 6, 8, 49, 30)

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['2', 2000],
    [' 120 ', 120_000],
    ['9'.repeat(400), 2_147_483_648_000],
  ])('is a number of seconds: %s', (value, ms) => expect(retryAfterMs(value, now)).toBe(ms))

  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is a date of any of the three forms: %s',
    (value) => expect(retryAfterMs(value, now)).toBe(7000),
  )

  it('is no wait where the date is past', () => {
    expect(retryAfterMs('Sun, 06 Nov 1994 08:49:37 GMT', now + 60_000)).toBe(0)
  })

  it('takes a year of two digits for one at most 50 years ahead', () => {
    const day = Date.UTC(2026, 0, 1)
    expect(retryAfterMs('Monday, 06-Jan-76 00:00:00 GMT', day)).toBe(Date.UTC(2076, 0, 6) - day)
    expect(retryAfterMs('Monday, 06-Jan-77 00:00:00 GMT', day)).toBe(0)
  })

  it('takes a leap second', () => {
    expect(retryAfterMs('Sat, 31 Dec 1994 23:59:60 GMT', now)).toBe(Date.UTC(1995, 0, 1) - now)
  })

  it.each([
    ...['', ' ', '1.5', '-1', '+1', '1e3', '0x10', '2s', '2, 3', '٣', 'soon', '1994-11-06T08:49:37Z'],
    ...['Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 UTC', 'Sun, 06 Nov 1994 08:49:37'],
    ...['Sun, 31 Feb 1994 08:49:37 GMT', 'Sun, 00 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 24:00:00 GMT'],
    ...['sun, 06 nov 1994 08:49:37 gmt', 'Sun, 06 Nov 1994 08:60:00 GMT', 'Sun Nov 6 08:49:37 1994'],
  ])('is nothing else: %j', (value) => expect(retryAfterMs(value, now)).toBeUndefined())

  it('reads every date that it is written in', () => {
    const second = fc.integer({ min: 0, max: 253_402_300_799 }) // to the end of 9999
    fc.assert(
      fc.property(second, (at) => {
        expect(retryAfterMs(new Date(at * 1000).toUTCString(), 0)).toBe(at * 1000)
      }),
    )
  })

  it('never throws and is never negative', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(retryAfterMs(value, now) ?? 0).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
