/** What a client is asked to send, and what it says of each answer. The same for clients in a process of their own. */

/** One after the other, or all at once: the client has one connection for them where its protocol can share it. */
export interface Asked {
  readonly url: string
  /** A POST for each, filled with spaces to so many bytes at least. */
  readonly bodies: readonly { readonly text: string; readonly bytes: number }[]
  /** Waits for a 100 before the body (RFC 9110 §10.1.1). */
  readonly expects?: true
  /** Sends PINGs while it waits. */
  readonly pings?: true
}

export interface Seen {
  /** What a program is told that reads status and body to their end; `timeout`: it is told nothing, or that. */
  readonly outcome: 'ok' | 'error' | 'timeout'
  readonly status?: number
  /** Of the body, as handed to the program. */
  readonly bytes?: number
  /** They are handed over in their content coding. */
  readonly coded?: true
  readonly code?: string
  readonly message?: string
}

export interface Client {
  /** The answers in the order of the bodies. */
  post(asked: Asked): Promise<readonly Seen[]>
  /** Lets go its connections and forgets what it knows of servers. */
  leave(): Promise<void>
  /** It keeps connections all the same. */
  readonly keeps?: true
  /** `expects`, `pings`: it cannot. */
  readonly cannot: readonly ('expects' | 'pings')[]
}

/** Of a client that has timers of its own: for the connection, for the head, and between pieces of the body. */
export const timeoutMs = 1_000
/** When the wait for a client without timers ends. */
export const boundMs = 1_500
/** For one with timers: they are coarse, and some begin anew when another has run out. */
export const timedBoundMs = 3_500

export function bodyOf({ text, bytes }: Asked['bodies'][number]): string {
  return text + ' '.repeat(Math.max(0, bytes - Buffer.byteLength(text)))
}

export const contentType = 'application/x-ndjson'

/** What an error says, without what differs from run to run: addresses, ports, threads, lines of sources. */
export function messageText(message: string): string {
  return message
    .replace(/[0-9A-F]{8,}:error:[0-9A-F]+:/g, '')
    .replace(/:[^\s:]+\.c:\d+:/g, ' ')
    .replace(/\b(127\.0\.0\.1|localhost)(:\d+| port \d+)?/g, 'the server')
    .replace(/\b\d+(?= (ms|milliseconds)\b)/g, 'so many')
    .replace(/\s+/g, ' ')
    .replace(/:? ?$/, '')
    .trim()
    .slice(0, messageMax)
}

const messageMax = 160
