/**
 * Profiles: retry and acknowledgement policy as data. Sources disagree about what a client should retry, so the
 * verdict names the policy it was judged by.
 */
import type { Json } from './record.ts'
import type { Level } from './verdict.ts'

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
  /** Levels that differ from the suite's, by case id; `*` stands for any characters. */
  readonly levels?: Readonly<Record<string, Level>>
}

const generic: Profile = {
  name: 'generic',
  reply: { status: 202, headers: { 'content-type': 'application/json' }, body: { ok: true } },
  retryable: [408, 429, '5xx', 'network', 'goaway', 'refused_stream'],
  neverRetry: ['4xx'],
  attempts: { min: 4, max: 6 },
  on413: 'any',
  on429: { withoutRetryAfter: { minGapMs: 1000 } },
  ack: { statuses: [200, 202, 204], needs: 'full' },
  duplicates: 'counted',
  foreignRows: 'counted',
}

/** Tinybird Events API reference and its SDKs: a 429 is temporary, a 413 is to be split. */
const eventsApi: Profile = {
  ...generic,
  name: 'events-api',
  on413: 'split',
  foreignRows: 'refused',
}

/** The guide "Stream with HTTP Requests", which recommends automatic retries for 5xx alone. */
const eventsApiGuide: Profile = {
  ...eventsApi,
  name: 'events-api-guide',
  retryable: [408, '5xx', 'network', 'goaway', 'refused_stream'],
  neverRetry: [429, '4xx'],
  levels: { 'ing.ra.429*': 'MAY', 'ing.429.*': 'MAY' },
}

export const profiles: Readonly<Record<string, Profile>> = {
  generic,
  'events-api': eventsApi,
  'events-api-guide': eventsApiGuide,
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
