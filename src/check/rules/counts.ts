/**
 * Rules that count: rows per record (K), requests per record (|R(i)|), requests in all.
 *
 * Each demands that something was seen: a bound from above is unknown where no request carried a record. What is
 * still missing is held against the client only once it has ended.
 */
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import { counted, finding, merge, outcomes, reporter } from '../finding.ts'
import { unseen } from './unseen.ts'

/** K(i) = times, of every record offered. */
export const landed: RuleChecker<'landed'> = fromFacts((facts, { times }) => {
  const offered = facts.offered.ranges()
  if (offered.length === 0 || (times === 0 && facts.carriers().length === 0)) return unseen
  const report = reporter(facts.attempts(), facts.word)
  const more = facts.landed.where(offered, (rows) => rows > times)
  const fewer = facts.landed.where(offered, (rows) => rows < times)
  return merge([
    finding('pass', `${counted(facts.offered.size, 'record')} offered, each to land ${times}×.`),
    ...report('fail', `Landed more than ${times}×`, more, times > 0 ? outcomes(more, 'duplicated') : []),
    ...report(facts.word.over ? 'fail' : 'unknown', `Landed less than ${times}×`, fewer),
  ])
})

/** min <= |R(i)| <= max, of every record offered. */
export const attempts: RuleChecker<'attempts'> = fromFacts((facts, { min = 0, max = Infinity }) => {
  const offered = facts.offered.ranges()
  const carriers = facts.carriers()
  if (offered.length === 0 || (carriers.length === 0 && min === 0)) return unseen
  const carried = facts.carried(carriers)
  const report = reporter(facts.attempts(), facts.word)
  const fewer = carried.where(offered, (times) => times < min)
  const more = carried.where(offered, (times) => times > max)
  const measured = { requests: carriers.length }
  return merge([
    finding('pass', `${counted(carriers.length, 'request')} carried records.`, { measured }),
    ...report(
      facts.word.over ? 'fail' : 'unknown',
      `Carried by fewer than ${counted(min, 'request')}`,
      fewer,
    ),
    ...report('fail', `Carried by more than ${counted(max, 'request')}`, more),
  ])
})

/** |R| <= max; where a knob decides and is not honoured, another limit, or none. */
export const requests: RuleChecker<'requests'> = fromFacts((facts, { max, knob, max_otherwise }) => {
  const honoured = knob === undefined || facts.run.knobs.includes(knob)
  const limit = honoured ? max : max_otherwise
  if (limit === undefined) return finding('n/a', `The client does not honour ${knob}.`)
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const measured = { requests: carriers.length }
  const because = `${counted(carriers.length, 'request')} carried records; at most ${limit} allowed.`
  const witnesses = carriers.slice(limit).map(({ attempt }) => attempt.request.n)
  return finding(carriers.length <= limit ? 'pass' : 'fail', because, { measured, witnesses })
})
