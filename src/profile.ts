/**
 * Profiles: retry and acknowledgement policy as data. Sources disagree about what a client should retry, so the
 * verdict names the policy it was judged by.
 */
import type { Json } from './record.ts'
import type { Level } from './verdict.ts'

export { profiles } from './profiles/shipped.ts'

export interface Profile {
  readonly name: string
  /** What the reference server answers to a request whose records it took. */
  readonly reply: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: Json
  }
  /** Statuses, classes of them (`5xx`) and conditions that a client is to retry. */
  readonly retryable: readonly (number | string)[]
  /** Statuses and classes that it is not; an entry of `retryable` that names a status wins over a class here. */
  readonly neverRetry: readonly (number | string)[]
  /** Requests per logical, the first one counted. */
  readonly attempts: { readonly min: number; readonly max: number }
  readonly on413: 'any' | 'split' | 'drop'
  readonly on429: { readonly withoutRetryAfter: { readonly minGapMs: number } }
  readonly ack: {
    readonly statuses: readonly number[]
    /** Whether an answer counts once its status is read or only when it is whole. */
    readonly needs: 'full' | 'status'
  }
  /** Whether a double after an answer that never arrived is held against the client. */
  readonly duplicates: 'counted' | 'effectively-once'
  /** Whether every row must carry a record of the run, or envelopes may bring objects of their own. */
  readonly foreignRows: 'refused' | 'counted'
  /** What a body must be: anything that holds records, or JSON with a record on each line. */
  readonly body: 'any' | 'ndjson'
  /** For how long the server knows a repeat of its own retries; it removes nothing where this is absent. */
  readonly dedup?: { readonly windowMs: number }
  /** Levels that differ from the suite's, by case id; `*` stands for any characters. */
  readonly levels?: Readonly<Record<string, Level>>
}

function names(
  list: readonly (number | string)[],
  what: number | string,
): 'exactly' | 'by class' | undefined {
  if (list.includes(what)) return 'exactly'
  return typeof what === 'number' && list.includes(`${Math.floor(what / 100)}xx`) ? 'by class' : undefined
}

/** Whether a client under this profile retries after this status, or after `network`, `goaway`, `refused_stream`. */
export function retries(profile: Profile, after: number | string): boolean {
  const yes = names(profile.retryable, after)
  if (yes !== 'by class') return yes === 'exactly'
  return names(profile.neverRetry, after) !== 'exactly'
}

/** Whether this status acknowledges the records. */
export function acknowledges(profile: Profile, status: number): boolean {
  return profile.ack.statuses.includes(status)
}

/** The level of a case under this profile. */
export function levelUnder(profile: Profile, caseId: string, level: Level): Level {
  const found = Object.entries(profile.levels ?? {}).find(([glob]) => matchesGlob(glob, caseId))
  return found ? found[1] : level
}

/** Whether `text` fits `glob`, in which `*` stands for any characters and `?` for one. */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`).test(text)
}
