/** Retry-After: seconds, or one of the three forms of an HTTP-date (RFC 9110 §10.2.3, §5.6.7). */
import { limits } from '../limits.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = `(?<month>${months.join('|')})`
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`
const dayName = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const dayNameLong = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day'

const dateForms: readonly RegExp[] = [
  String.raw`${dayName}, (?<day>\d\d) ${month} (?<year>\d{4}) ${time} GMT`, // IMF-fixdate
  String.raw`${dayNameLong}, (?<day>\d\d)-${month}-(?<year>\d\d) ${time} GMT`, // RFC 850
  String.raw`${dayName} ${month} (?<day>\d\d| \d) ${time} (?<year>\d{4})`, // asctime
].map((form) => new RegExp(`^${form}$`))

/** How long to wait from `nowMs`, the time since the epoch; undefined when `value` is neither form. */
export function retryAfterMs(value: string, nowMs: number): number | undefined {
  const text = value.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text), limits.delaySecondsMax) * 1000
  const dateMs = httpDateMs(text, nowMs)
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs)
}

/** Milliseconds since the epoch; undefined when `text` is in none of the three forms. */
export function httpDateMs(text: string, nowMs: number): number | undefined {
  const parts = dateForms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (!parts) return undefined
  const part = (name: string): number => Number(parts[name])
  const year = parts['year']?.length === 2 ? fullYear(part('year'), nowMs) : part('year')
  const index = months.indexOf(parts['month'] ?? '')
  if (part('hour') > 23 || part('minute') > 59 || part('second') > 60) return undefined // 60: a leap second
  const date = new Date(0)
  date.setUTCFullYear(year, index, part('day')) // unlike Date.UTC, leaves the years before 100 as they are
  if (date.getUTCMonth() !== index) return undefined // no such day in this month
  return date.setUTCHours(part('hour'), part('minute'), part('second'))
}

/** RFC 9110 §5.6.7: two digits that seem more than 50 years ahead stand for the last such year that is past. */
function fullYear(digits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + digits
  return year > thisYear + 50 ? year - 100 : year
}
