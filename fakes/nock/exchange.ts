/**
 * One request that nock has intercepted, and its answer, as an exchange. The request is whole when it comes. The answer
 * goes to nock at its head, its body after it as it is written; a cut before that is an error of the request.
 */
import { Readable } from 'node:stream'
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Connection, Cut, Emitted, Exchange, Framing, Gone, Head, Header } from '../../src/exchange.ts'
import { answerFields } from '../transport/h1-head.ts'

/** Status, body, and names and values by turns: what nock takes for an answer. */
export type Reply = readonly [status: number, body: Readable, headers: string[]]

/** There are none through nock: what is shared by requests is one that carries them all. */
export const soleConnection: Connection = {
  id: 0,
  ordinal: 0,
  proto: 'h1',
  open: true,
  raw: () => unsupported(),
  cut: () => unsupported(),
}

export interface NockRequest {
  readonly id: number
  readonly head: Head
  readonly body: Buffer
}

export class NockExchange implements Exchange {
  readonly id: number
  readonly connection: Connection = soleConnection
  readonly head: Head
  readonly complete = true
  /** nock does not tell when a client has given up. */
  readonly gone: Promise<Gone> = new Promise(() => {})
  /** Resolves at the head of the answer; rejects with what the client meets in its place. */
  readonly reply: Promise<Reply>
  private readonly bytes: Buffer
  private readonly clock: Clock
  private give: (reply: Reply) => void = () => {}
  private fail: (error: Error) => void = () => {}
  private content: Readable | undefined
  private over = false

  constructor({ id, head, body }: NockRequest, clock: Clock) {
    this.id = id
    this.head = head
    this.bytes = body
    this.clock = clock
    this.reply = new Promise((resolve, reject) => {
      this.give = resolve
      this.fail = reject
    })
  }

  get body(): AsyncIterable<Uint8Array> {
    return Readable.from(this.bytes.length > 0 ? [this.bytes] : [])
  }

  inform(): Promise<Emitted> {
    return unsupported()
  }

  respond(status: number, headers: readonly Header[], framing: Framing): Promise<Emitted> {
    if (this.over || this.content) return ended()
    this.content = new Readable({ read: () => {} })
    const fields = answerFields(status, headers, { framing, closes: false, wallMs: this.clock.wall() })
    this.give([status, this.content, fields.flat()])
    return emitted(0)
  }

  write(bytes: Uint8Array): Promise<Emitted> {
    if (this.over || !this.content) return ended()
    // What an answer to HEAD would hold is not sent (RFC 9110 §9.3.2).
    if (this.head.method !== 'HEAD') this.content.push(bytes)
    return emitted(bytes.length)
  }

  trailers(): Promise<Emitted> {
    return this.end()
  }

  end(): Promise<Emitted> {
    if (this.over || !this.content) return ended()
    this.over = true
    this.content.push(null)
    return emitted(0)
  }

  /** Before the head alone: node meets the end of a connection as an error, by FIN as by RST. */
  async cut(how: Cut): Promise<Emitted> {
    if (this.over) return ended()
    if (this.content) return unsupported()
    this.over = true
    if ('linger_ms' in how) await sleep(this.clock, how.linger_ms)
    this.fail('rst' in how ? resetError() : hangUp())
    return { ok: true, bytes: 0 }
  }
}

/** As node:net has it of a connection that the far side reset. */
function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' })
}

/** As node:http has it of a connection that ended before the answer. */
function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
}

function emitted(bytes: number): Promise<Emitted> {
  return Promise.resolve({ ok: true, bytes })
}

function ended(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'ended' })
}

function unsupported(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'unsupported' })
}
