/**
 * One HTTP/2 connection of the reference client, on node:http2, and the requests on it. What node does not say by
 * itself is read here: which streams the server has not processed, and whether an answer came whole.
 */
import { connect as connectHttp2 } from 'node:http2'
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import { messageOf } from '../errors.ts'
import { errorCodes } from '../wire/h2-frames.ts'
import type { Answer } from './reference-answers.ts'
import { NotProcessed } from './reference-asked.ts'
import type { Asked } from './reference-asked.ts'
import { AnswerBody } from './reference-body.ts'

export interface Goaway {
  readonly code: number
  /** No stream above this was processed, or will be (RFC 9113 §6.8). */
  readonly last: number
}

export class H2Session {
  goaway: Goaway | undefined
  isClosed = false
  /** Requests under way. */
  taken = 0
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>
  private readonly session: ClientHttp2Session
  private isSettled = false

  /** `changed` is called when there may be room for another request, or none any more. */
  constructor(url: URL, socket: Duplex, changed: () => void) {
    this.session = connectHttp2(url.origin, { createConnection: () => socket })
    this.session.on('remoteSettings', () => {
      this.isSettled = true
      changed()
    })
    this.session.on('goaway', (code: number, last: number) => {
      this.goaway = { code, last: Math.min(last, this.goaway?.last ?? Infinity) }
      changed()
    })
    this.session.on('error', () => {}) // each stream hears of it, and 'close' follows
    this.closed = new Promise((resolve) => {
      this.session.once('close', () => {
        this.isClosed = true
        changed()
        resolve()
      })
    })
  }

  /** Whether it takes requests at all. */
  get isOpen(): boolean {
    return !this.goaway && !this.isClosed && !this.session.closed && !this.session.destroyed
  }

  /** Whether it takes one more. How many the server wants is known with its SETTINGS (RFC 9113 §5.1.2). */
  get hasRoom(): boolean {
    const most = this.isSettled ? (this.session.remoteSettings.maxConcurrentStreams ?? Infinity) : 1
    return this.taken < most
  }

  /** Nothing new; what is under way comes to its end. */
  close(): void {
    if (!this.session.destroyed) this.session.close()
  }

  /** Rejects where no answer comes, not even its head. */
  post({ url, headers, body, signal }: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream
      try {
        stream = this.session.request({
          ':method': 'POST',
          ':path': url.pathname + url.search,
          'content-length': String(body.length),
          ...headers,
        })
      } catch (error) {
        reject(new NotProcessed(messageOf(error))) // the connection takes none any more
        return
      }
      this.hear(stream, signal).then(resolve, reject)
      stream.end(body)
    })
  }

  private async hear(stream: ClientHttp2Stream, signal: AbortSignal): Promise<Answer> {
    const stop = (): void => stream.close(errorCodes.CANCEL)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      const { head, body, broken } = await heard(stream)
      if (head) {
        const { ':status': status = 0, ...headers } = head
        const cut = broken ?? short(headers, body)
        return { status, headers, body: body.text, ...(cut === undefined ? {} : { cut }) }
      }
      if (signal.aborted) throw messageError(signal.reason)
      throw this.isUnprocessed(stream) ? new NotProcessed(broken) : new Error(broken)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** RFC 9113 §8.7: it was refused by name, or stands above the last stream of a GOAWAY. */
  private isUnprocessed({ rstCode, id }: ClientHttp2Stream): boolean {
    if (rstCode === errorCodes.REFUSED_STREAM || id === undefined) return true
    return this.goaway !== undefined && id > this.goaway.last
  }
}

interface Heard {
  readonly head?: IncomingHttpHeaders & IncomingHttpStatusHeader
  readonly body: AnswerBody
  /** Why it did not end as it should. */
  readonly broken?: string
}

/**
 * All that comes on a stream. An 'end' alone says nothing: it follows a reset within the body and the loss of the
 * connection, too; that all has come is known by the code that the stream has at that moment.
 */
function heard(stream: ClientHttp2Stream): Promise<Heard> {
  return new Promise((resolve) => {
    const body = new AnswerBody()
    let head: Heard['head']
    let isWhole = false
    let failure: Error | undefined
    stream.on('response', (fields: Heard['head']) => (head = fields))
    stream.on('data', (chunk: Buffer) => body.push(chunk))
    stream.on('error', (error: Error) => (failure = error))
    stream.once('end', () => {
      isWhole = stream.rstCode === errorCodes.NO_ERROR && head !== undefined
      // An answer that came before the body was asked for: the rest of that is of no use (RFC 9113 §8.1).
      if (isWhole && !stream.writableFinished) stream.close(errorCodes.CANCEL)
    })
    stream.once('close', () => {
      const broken = isWhole
        ? undefined
        : (failure?.message ?? `the stream ended with code ${stream.rstCode}`)
      resolve({ body, ...(head ? { head } : {}), ...(broken === undefined ? {} : { broken }) })
    })
  })
}

/** RST_STREAM with NO_ERROR looks like an end: where a length was said, it tells. */
function short(headers: IncomingHttpHeaders, { bytes }: AnswerBody): string | undefined {
  const said = headers['content-length']
  if (said === undefined || bytes >= Number(said)) return undefined
  return `the body ended after ${bytes} of ${said} bytes`
}

function messageError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(messageOf(reason))
}
