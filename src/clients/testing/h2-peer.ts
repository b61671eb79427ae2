/** The far side of HTTP/2, frame by frame and by hand, on streams in memory and a clock wound by hand. */
import { MemorySocket, socketError } from '../../../fakes/transport/memory-socket.ts'
import { HandClock } from '../../clock.ts'
import {
  dataFrame,
  endsStream,
  FrameReader,
  frameTypes,
  headersFrame,
  isAck,
  pingFrame,
  preface,
  settingsAckFrame,
  settingsFrame,
} from '../../wire/h2-frames.ts'
import type { Frame } from '../../wire/h2-frames.ts'
import { literalBlock } from '../../wire/hpack-literal.ts'
import { ingestClient } from '../reference.ts'
import type { Closed, IngestClient } from '../reference.ts'

/** A whole request. */
export interface Request {
  readonly session: PeerSession
  readonly stream: number
  readonly body: string
  /** From 1, over all sessions. */
  readonly n: number
  /** Milliseconds of the clock. */
  readonly at: number
}

export interface PeerOptions {
  /** What is done with each request when it is whole. */
  readonly serve: (request: Request) => void
  readonly settings?: Parameters<typeof settingsFrame>[0]
  /** What is done when the head of a request is there. */
  readonly early?: (session: PeerSession, stream: number) => void
  /** They come with the first request, not before. */
  readonly late?: boolean
  readonly config?: Readonly<Record<string, unknown>>
}

export class PeerSession {
  readonly frames: Frame[] = []
  readonly openedAt: number
  /** Streams that the client has begun and we have not ended, and the most of them. */
  readonly open: Set<number> = new Set()
  openMost = 0
  /** FIN of the client. */
  ended = false
  private readonly socket: MemorySocket

  constructor(socket: MemorySocket, openedAt: number) {
    this.socket = socket
    this.openedAt = openedAt
  }

  /** Never while the client's session is at work: node:http2 does not bear to be called from within a call. */
  write(...frames: readonly Buffer[]): void {
    process.nextTick(() => void this.socket.write(Buffer.concat(frames)))
  }

  answer(stream: number, status = 202, body = '{}'): void {
    this.open.delete(stream)
    const head = literalBlock([[':status', String(status)]])
    this.write(headersFrame(stream, head), dataFrame(stream, Buffer.from(body), { end: true }))
  }

  /** The head of an answer that promises more than it has, and a part of it. */
  begin(stream: number, status = 202, length?: number): void {
    const said: [string, string][] = length === undefined ? [] : [['content-length', String(length)]]
    const head = literalBlock([[':status', String(status)], ...said])
    this.write(headersFrame(stream, head), dataFrame(stream, Buffer.from('{"half":')))
  }

  fin(): void {
    process.nextTick(() => this.socket.end())
  }

  reset(): void {
    process.nextTick(() => this.socket.resetAndDestroy())
  }

  sent(type: keyof typeof frameTypes): Frame[] {
    return this.frames.filter((frame) => frame.type === frameTypes[type])
  }
}

export interface Meeting {
  readonly clock: HandClock
  readonly client: IngestClient
  readonly sessions: PeerSession[]
  readonly requests: Request[]
  readonly warnings: string[]
  /** From now on connections are refused. */
  readonly shut: () => void
  /** Adds so many records and closes. */
  readonly send: (count: number) => Promise<Closed>
}

/** A client of one record a batch, four at a time, that meets such a peer. */
export function meet(options: PeerOptions): Meeting {
  const { serve, early, settings = {}, late = false, config } = options
  const clock = new HandClock()
  const sessions: PeerSession[] = []
  const requests: Request[] = []
  const warnings: string[] = []
  let isShut = false
  const connect = (): Promise<MemorySocket> => {
    if (isShut) return Promise.reject(socketError('connect', 'ECONNREFUSED'))
    const [near, far] = MemorySocket.pair()
    const session = new PeerSession(far, clock.now() / 1e6)
    const greeting = [settingsFrame(settings), settingsAckFrame()]
    sessions.push(session)
    if (!late) session.write(...greeting)
    const begun = (stream: number): void => early?.(session, stream)
    read(session, far, begun, (stream, body) => {
      if (late && requests.length === 0) session.write(...greeting)
      const request = { session, stream, body, n: requests.length + 1, at: clock.now() / 1e6 }
      requests.push(request)
      serve(request)
    })
    return Promise.resolve(near)
  }
  const client = ingestClient({
    url: 'http://memory.invalid/',
    token: 'tk',
    config: { http: 2, 'batch.max_events': 1, concurrency: 4, ...config },
    connect,
    clock,
    unit: () => 0.5,
    warn: (line) => warnings.push(line),
  })
  const work = async (count: number): Promise<Closed> => {
    for (let seq = 0; seq < count; seq += 1) await client.add(JSON.stringify({ seq }))
    return client.close()
  }
  return {
    ...{ clock, client, sessions, requests, warnings },
    shut: () => (isShut = true),
    send: (count) => clock.until(work(count)),
  }
}

function read(
  session: PeerSession,
  socket: MemorySocket,
  begun: (stream: number) => void,
  whole: (stream: number, body: string) => void,
): void {
  const reader = new FrameReader()
  const bodies = new Map<number, string>()
  let left = preface.length
  socket.on('error', () => {})
  socket.on('end', () => {
    session.ended = true
    socket.end()
  })
  socket.on('data', (chunk: Buffer) => {
    const first = chunk.subarray(0, left)
    left -= first.length
    for (const frame of reader.push(chunk.subarray(first.length))) {
      session.frames.push(frame)
      const { type, stream, payload } = frame
      if (type === frameTypes.PING && !isAck(frame)) session.write(pingFrame(payload, { ack: true }))
      if (type === frameTypes.HEADERS) {
        session.open.add(stream)
        session.openMost = Math.max(session.openMost, session.open.size)
        begun(stream)
      }
      if (type === frameTypes.RST_STREAM) session.open.delete(stream)
      if (type === frameTypes.DATA) bodies.set(stream, (bodies.get(stream) ?? '') + payload.toString())
      if (endsStream(frame)) whole(stream, bodies.get(stream) ?? '')
    }
  })
}

/** The records that these requests carried, in order. */
export function carried(requests: readonly Request[]): number[] {
  return requests.map(({ body }) => (JSON.parse(body) as { seq: number }).seq)
}
