/**
 * Rules on acknowledgements: asks_for_commit, accepted_is_not_acked, acks_follow_answers.
 *
 * On the pipe there are no claims of single records: exit 0 stands for all, and the invariants judge it. The time of
 * an answer is read before its first byte and that of a claim when it is read, so an acknowledgement that came before
 * an answer began is certain.
 */
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { idsIn, rangesOf } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { biographies, counted, finding, merge, named } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { confirmedAt, tested } from './answers.ts'
import { unseen } from './unseen.ts'

/** The wish that asks a client for acknowledgements of landings. */
const durable = 'ack.durable'

const noAcks: Finding = finding('n/a', 'The client acknowledged nothing.')
const pipe: Finding = finding('n/a', 'The pipe carries no acks.')

/** Every carrier has wait=true, and a record is acknowledged after a 200 alone. */
export const asksForCommit: RuleChecker<'asks_for_commit'> = fromFacts((facts) => {
  const carriers = tested(facts)
  if (carriers.length === 0) return unseen
  const { protocol, knobs } = facts.run
  if (protocol !== 'events-api') return finding('n/a', `Protocol ${protocol} knows no wait=true.`)
  if (!knobs.includes(durable)) return finding('n/a', `The client does not honour ${durable}.`)
  const without = carriers.filter(({ attempt }) => !waits(attempt))
  const because = `${counted(without.length, 'request')} of ${carriers.length} without wait=true.`
  const witnesses = without.map(({ attempt }) => attempt.request.n)
  return merge([
    finding(without.length > 0 ? 'fail' : 'pass', because, { witnesses }),
    acksAfter(facts, carriers, ({ respond }) => respond?.status === 200, '200'),
  ])
})

/** As the Events API has it: `true`, in any case, or `1`. */
function waits({ request }: Attempt): boolean {
  const value = new URLSearchParams(request.path.split('?')[1] ?? '').get('wait')
  return /^(true|1)$/i.test(value ?? '')
}

/** What was answered 202 though a landing was asked for is not acknowledged until another 2xx has come. */
export const acceptedIsNotAcked: RuleChecker<'accepted_is_not_acked'> = fromFacts((facts) => {
  const carriers = tested(facts)
  if (carriers.length === 0) return unseen
  if (facts.run.rung === 'pipe') return pipe
  const accepted = carriers.filter(({ attempt }) => fullAnswer(attempt)?.status === 202)
  if (accepted.length === 0) return finding('unknown', 'No request was answered 202 in full.')
  const asked = accepted.filter(({ attempt }) => waits(attempt) || facts.run.knobs.includes(durable))
  if (asked.length === 0) return finding('n/a', 'The client did not ask for the landing.')
  const merely = new IdSet(asked.flatMap(({ ids }) => ids))
  const better = answers(facts, carriers, ({ respond }) => respond?.status !== 202)
  const hollow = firstAcks(facts).filter(({ id, t }) => {
    return merely.has(id) && !((better.get(keyOf(id))?.head ?? Infinity) <= t)
  })
  if (hollow.length > 0) return early(facts, hollow, 'Acknowledged, though only accepted (202)')
  const because = `Answered 202: ${named(merely.ranges())}; none acknowledged on that.`
  return finding(facts.word.over ? 'pass' : 'unknown', because)
})

/** No record is acknowledged before an answer that says so has come. */
export const acksFollowAnswers: RuleChecker<'acks_follow_answers'> = fromFacts((facts) => {
  const carriers = tested(facts)
  const claims = facts.run.rung !== 'pipe'
  if (carriers.length === 0 && !(claims && facts.word.acked.size > 0)) return unseen
  return acksAfter(facts, carriers, () => true, 'a full answer')
})

function acksAfter(
  facts: Facts,
  carriers: readonly Carrier[],
  counts: (attempt: Attempt) => boolean,
  what: string,
): Finding {
  if (facts.run.rung === 'pipe') return pipe
  const acks = firstAcks(facts)
  if (acks.length === 0) return facts.word.over ? noAcks : finding('unknown', 'No ack has come as yet.')
  const known = answers(facts, carriers, counts)
  const before = acks.filter(({ id, t }) => t < (known.get(keyOf(id))?.whole ?? Infinity))
  const sure = before.filter(({ id, t }) => {
    const { head = Infinity, whole = Infinity } = known.get(keyOf(id)) ?? {}
    return t < head || t + facts.latenessMsAt(whole) * 1e6 < whole
  })
  if (sure.length > 0) return early(facts, sure, `Acknowledged before ${what}`)
  if (before.length > 0) {
    const because = `Acknowledged within the harness's own lateness before ${what}: ${named(idsOf(before))}.`
    return finding('unknown', because, { witnesses: before.map(({ n }) => n) })
  }
  return finding('pass', `${counted(acks.length, 'record')} acknowledged, each after ${what}.`)
}

interface Acked {
  readonly id: RecordId
  readonly t: number
  readonly n: number
}

/** The earliest ack of each record that was offered, and of no others: a client may claim any number of them. */
function firstAcks({ offered, word }: Facts): Acked[] {
  const first = new Map<number, Acked>()
  for (const { ids = [], t, n } of word.acks) {
    for (const id of idsIn(offered.within(ids))) {
      const known = first.get(keyOf(id))
      if (!known || t < known.t) first.set(keyOf(id), { id, t, n })
    }
  }
  return [...first.values()].sort((a, b) => a.id[0] - b.id[0] || a.id[1] - b.id[1])
}

/** When an answer began and from when on it counts, in nanoseconds. */
interface Known {
  readonly head: number
  readonly whole: number
}

/** For each record, by `keyOf`, the first answer that confirms it, of those that count. */
function answers(
  { run }: Facts,
  carriers: readonly Carrier[],
  counts: (attempt: Attempt) => boolean,
): Map<number, Known> {
  const first = new Map<number, Known>()
  for (const { attempt, ids } of carriers) {
    const whole = counts(attempt) ? confirmedAt(attempt, run.profile) : undefined
    if (whole === undefined) continue
    const known = { head: attempt.respond?.t ?? whole, whole }
    for (const id of idsIn(ids)) {
      if (whole < (first.get(keyOf(id))?.whole ?? Infinity)) first.set(keyOf(id), known)
    }
  }
  return first
}

function early(facts: Facts, acks: readonly Acked[], what: string): Finding {
  const ids = idsOf(acks)
  const witnesses = [...new Set(acks.map(({ n }) => n)), ...biographies(facts.attempts(), ids)]
  return finding('fail', `${what}: ${named(ids)}.`, { witnesses })
}

function idsOf(acks: readonly Acked[]): IdRange[] {
  return rangesOf(acks.map(({ id }) => id))
}
