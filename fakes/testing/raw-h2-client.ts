/** A client that speaks frames: what it is sent, frame by frame, and how its connection ended. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Header } from '../../src/exchange.ts'
import {
  dataFrame,
  endsStream,
  errorCodes,
  flags,
  FrameReader,
  frameTypeName,
  frameTypes,
  headersFrame,
  isAck,
  pingFrame,
  preface,
  rstStreamFrame,
  settingsAckFrame,
  settingsFrame,
} from '../../src/wire/h2-frames.ts'
import type { ReadFrame, SettingName } from '../../src/wire/h2-frames.ts'
import { literalBlock } from '../../src/wire/hpack-literal.ts'
import { literalFields } from './literal-fields.ts'

export interface RawH2Options {
  readonly settings?: Readonly<Partial<Record<SettingName, number>>>
  /** Does not acknowledge SETTINGS and PING; it does when absent. */
  readonly unacknowledging?: true
}

export class RawH2Client {
  readonly socket: Socket
  /** Everything received, in order. */
  readonly frames: ReadFrame[] = []
  /** How the connection ended on this side. */
  readonly ended: Promise<'fin' | 'rst'>
  over: 'fin' | 'rst' | undefined
  private readonly reader = new FrameReader()
  private readonly options: RawH2Options
  private waiting: (() => void)[] = []
  private stream = -1
  private pings = 0

  private constructor(socket: Socket, options: RawH2Options) {
    this.socket = socket
    this.options = options
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve('fin'))
      socket.on('error', () => resolve('rst'))
    })
    void this.ended.then((how) => {
      this.over = how
      this.tell()
    })
  }

  /** Has sent its preface and SETTINGS. */
  static async to(port: number, options: RawH2Options = {}): Promise<RawH2Client> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
    const client = new RawH2Client(socket, options)
    await once(socket, 'connect')
    client.send(preface, settingsFrame(options.settings ?? {}))
    return client
  }

  /** Besides, both sides have acknowledged the SETTINGS of the other. */
  static async ready(port: number, options: RawH2Options = {}): Promise<RawH2Client> {
    const client = await RawH2Client.to(port, options)
    await client.until((frame) => frame.type === frameTypes.SETTINGS && isAck(frame))
    return client
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** Sends the head of a POST, and returns its stream. */
  begin({ end = false, path = '/' }: { end?: boolean; path?: string } = {}): number {
    this.stream += 2
    const fields: Header[] = [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'test'],
    ]
    this.send(headersFrame(this.stream, literalBlock(fields), { end }))
    return this.stream
  }

  /** Sends a POST, and returns its stream. */
  post(body: string, path = '/'): number {
    const stream = this.begin({ path })
    this.data(stream, body)
    return stream
  }

  /** Sends the last of a body, or a part of it. */
  data(stream: number, body: string, { end = true }: { end?: boolean } = {}): void {
    this.send(dataFrame(stream, Buffer.from(body), { end }))
  }

  /** Gives a stream up. */
  reset(stream: number, code: number = errorCodes.CANCEL): void {
    this.send(rstStreamFrame(stream, code))
  }

  /** The first frame of which `is` holds, received already or yet to come. Throws when the connection is over first. */
  async until(is: (frame: ReadFrame) => boolean): Promise<ReadFrame> {
    for (;;) {
      const found = this.frames.find(is)
      if (found) return found
      if (this.over)
        throw new Error(`the connection ended by ${this.over}, after ${seen(this.frames).join(', ')}`)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  /** The end of this stream. */
  finished(stream: number): Promise<ReadFrame> {
    return this.until((frame) => frame.stream === stream && endsStream(frame))
  }

  /** Resolves when the server has answered a PING: all that it said before is here. */
  async settled(): Promise<void> {
    const opaque = Buffer.from(`settle${String((this.pings += 1)).padStart(2, '0')}`)
    this.send(pingFrame(opaque))
    await this.until((frame) => frame.type === frameTypes.PING && frame.payload.equals(opaque))
  }

  /** Bytes of a frame that is not whole. */
  get rest(): Buffer {
    return this.reader.held
  }

  private receive(chunk: Buffer): void {
    for (const frame of this.reader.push(chunk)) {
      this.frames.push(frame)
      if (this.options.unacknowledging || isAck(frame)) continue
      if (frame.type === frameTypes.SETTINGS) this.send(settingsAckFrame())
      if (frame.type === frameTypes.PING) this.send(pingFrame(frame.payload, { ack: true }))
    }
    this.tell()
  }

  private tell(): void {
    for (const wake of this.waiting.splice(0)) wake()
  }
}

/**
 * Frames as texts, but for SETTINGS and what answers the client's PINGs: DATA with its text, and with the end of the
 * stream that comes in a frame of its own; HEADERS by hand with their fields, those of the session by name; all others
 * as their bytes in hexadecimal.
 */
export function seen(frames: readonly ReadFrame[]): string[] {
  const shown: string[] = []
  for (const frame of frames) {
    const { type, stream, payload, bytes } = frame
    const isOurs = type === frameTypes.SETTINGS || (type === frameTypes.PING && isAck(frame))
    const before = shown.at(-1) ?? ''
    const begins = `DATA ${stream} `
    if (isOurs) continue
    if (type === frameTypes.DATA && payload.length === 0 && before.startsWith(begins)) {
      shown[shown.length - 1] = before.replace(begins, `${begins}end `)
    } else if (type === frameTypes.DATA || type === frameTypes.HEADERS) shown.push(shownMessage(frame))
    else shown.push(bytes.toString('hex'))
  }
  return shown
}

function shownMessage(frame: ReadFrame): string {
  const { type, stream, payload, flags: bits } = frame
  const pad = (bits & flags.PADDED) === 0 ? undefined : payload[0]
  const content = pad === undefined ? payload : payload.subarray(1, payload.length - pad)
  const padded = pad === undefined ? '' : ` padded ${pad}`
  const name = `${frameTypeName(type)} ${stream}${endsStream(frame) ? ' end' : ''}${padded}`
  if (type === frameTypes.DATA) return `${name} ${content.toString('latin1')}`
  const fields = literalFields(content)
  return fields ? [name, ...fields.map(([field, value]) => `${field}=${value}`)].join(' ') : name
}
