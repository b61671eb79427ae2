/**
 * What the rules on attempts have in common: the requests that carry a record, in the order of their heads, what
 * each of them met, and which of them came after a given time.
 */
import { failed, fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { idsIn } from '../../record.ts'
import type { RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import type { Carrier, Facts } from '../facts.ts'
import { finding } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'

/** Status of a full answer, or `network` where none arrived whole. */
export type Failure = number | 'network'

/** What the attempt failed by; undefined after a full 2xx. */
export function failureOf(attempt: Attempt): Failure | undefined {
  return failed(attempt) ? (fullAnswer(attempt)?.status ?? 'network') : undefined
}

export function shownFailure(failure: Failure): string {
  return failure === 'network' ? 'a network failure' : `${failure}`
}

/** Each failure that a request met, once. */
export function failuresMet(carriers: readonly Carrier[]): Failure[] {
  return [...new Set(carriers.flatMap(({ attempt }) => failureOf(attempt) ?? []))]
}

/** A record and the requests that carry it, in order. */
export interface Life {
  readonly id: RecordId
  readonly carriers: readonly Carrier[]
}

/** The life of every record that was sent, by `keyOf`. */
export function livesOf(carriers: readonly Carrier[]): Map<number, Life> {
  const lives = new Map<number, { id: RecordId; carriers: Carrier[] }>()
  for (const carrier of carriers) {
    for (const id of idsIn(carrier.ids)) {
      const life = lives.get(keyOf(id))
      if (life) life.carriers.push(carrier)
      else lives.set(keyOf(id), { id, carriers: [carrier] })
    }
  }
  return lives
}

/**
 * For each carrier, of every record in it, the carrier that has it next: their indexes, ascending. By record, not by
 * logical: a batch that is cut up and sent on at once under other names has not waited either.
 */
export function nextCarriers(carriers: readonly Carrier[]): number[][] {
  const next = new Map<number, number>()
  return carriers
    .map((_, i) => carriers.length - 1 - i)
    .map((i) => {
      const following = new Set<number>()
      for (const id of idsIn(carriers[i]?.ids ?? [])) {
        const later = next.get(keyOf(id))
        if (later !== undefined) following.add(later)
        next.set(keyOf(id), i)
      }
      return [...following].sort((a, b) => a - b)
    })
    .reverse()
}

/** The carriers that bring a record for the first time, each with whether all of its records come so. */
export function starts(carriers: readonly Carrier[]): { carrier: Carrier; fresh: boolean }[] {
  const sent = new IdSet()
  return carriers.flatMap((carrier) => {
    const known = sent.within(carrier.ids).length > 0
    const brings = sent.without(carrier.ids).length > 0
    sent.add(carrier.ids)
    return brings ? [{ carrier, fresh: !known }] : []
  })
}

/** Whether the first request that carries records carries all of them: it has no later batch. */
export function oneShot({ offered }: Facts, carriers: readonly Carrier[]): boolean {
  return new IdSet(carriers[0]?.ids).without(offered.ranges()).length === 0
}

/** Carriers, and those of them that stay so even if the harness saw them as late as it may have. */
export interface Seen {
  readonly all: readonly Carrier[]
  readonly sure: readonly Carrier[]
}

/** The carriers whose heads came after `from` and before `until`, in nanoseconds. A head is never seen too early. */
export function headsWithin(facts: Facts, from: number, until: number = Infinity): Seen {
  const all = facts.carriers().filter(({ attempt: { request } }) => request.t > from && request.t < until)
  const sure = all.filter(({ attempt: { request } }) => {
    return request.t - facts.latenessMsAt(request.t) * 1e6 > from
  })
  return { all, sure }
}

/** At most `max` of them: more is a fail, and unknown where only the harness's lateness makes it more. */
export function judgeCount({ all, sure }: Seen, max: number, because: string): Finding {
  const witnesses = all.slice(Math.floor(max)).map(({ attempt }) => attempt.request.n)
  if (all.length <= max) return finding('pass', because)
  if (sure.length > max) return finding('fail', because, { witnesses })
  const doubt = `${because} ${all.length - sure.length} of them may have been sent before that.`
  return finding('unknown', doubt, { witnesses })
}
