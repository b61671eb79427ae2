/** Settings of the reference client: the wishes of TAILRACE_CONFIG that it honours, and what holds without them. */

export interface Settings {
  /** A batch goes out when it is full by either measure, or when its oldest record has waited for the interval. */
  readonly 'batch.max_events': number
  /** Of the body before compression. A record that is larger travels alone. */
  readonly 'batch.max_bytes': number
  readonly 'flush.interval_ms': number
  /** Records that wait, beside the batches under way; one batch when not asked for. */
  readonly 'queue.max_events': number
  /** What becomes of a record that finds the queue full: it waits, it is dropped, or the oldest is. */
  readonly 'queue.overflow': 'block' | 'drop_new' | 'drop_old'
  /** Batches under way, and connections. */
  readonly concurrency: number
  /** Requests per batch, the first one counted. */
  readonly 'retry.max_attempts': number
  readonly 'retry.base_ms': number
  readonly 'retry.max_ms': number
  readonly 'timeout.connect_ms': number
  /** One attempt: connection, request, redirects and the whole answer. */
  readonly 'timeout.request_ms': number
  /** What is spoken where the URL says http: HTTP/1.1, or HTTP/2 from the first byte. */
  readonly http: 1 | 2
  readonly compression: 'none' | 'gzip'
  /** Whether records count as delivered only once they have landed, where the server can say so. */
  readonly 'ack.durable': boolean
  /** For how long the server knows a repeat; what it may have taken is not sent again after it. */
  readonly 'dedup.window_ms': number
}

export type Knob = keyof Settings

const defaults: Settings = {
  'batch.max_events': 100,
  'batch.max_bytes': 1_000_000,
  'flush.interval_ms': 1_000,
  'queue.max_events': 100,
  'queue.overflow': 'block',
  concurrency: 4,
  'retry.max_attempts': 5,
  'retry.base_ms': 100,
  'retry.max_ms': 3_000,
  'timeout.connect_ms': 5_000,
  'timeout.request_ms': 10_000,
  http: 1,
  compression: 'none',
  'ack.durable': false,
  'dedup.window_ms': Infinity,
}

const choices: Readonly<Record<string, readonly (string | number)[]>> = {
  http: [1, 2],
  'queue.overflow': ['block', 'drop_new', 'drop_old'],
  compression: ['none', 'gzip'],
}

/** The most milliseconds that a timer can hold. */
const numberMax = 2 ** 31 - 1

export const referenceKnobs: readonly Knob[] = Object.keys(defaults) as Knob[]

/** Unknown names and values that do not fit are ignored. */
export function settingsOf(wishes: Readonly<Record<string, unknown>>): Settings {
  const granted = Object.fromEntries(
    referenceKnobs.filter((knob) => fits(knob, wishes[knob])).map((knob) => [knob, wishes[knob]]),
  ) as Partial<Settings>
  const settings = { ...defaults, ...granted }
  return { ...settings, 'queue.max_events': granted['queue.max_events'] ?? settings['batch.max_events'] }
}

function fits(knob: Knob, wish: unknown): boolean {
  const normal = defaults[knob]
  if (typeof normal === 'boolean') return typeof wish === 'boolean'
  const choice = choices[knob]
  if (choice) return choice.includes(wish as string | number)
  return Number.isSafeInteger(wish) && (wish as number) > 0 && (wish as number) <= numberMax
}
