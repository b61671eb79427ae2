/**
 * HTTP/2 frames as bytes (RFC 9113 §4, §6). No state of a session: what a frame means is for others to know, so
 * that frames can be written which no session would send.
 */

/** Frame types by name (RFC 9113 §11.2). */
export const frameTypes = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const

export type FrameType = keyof typeof frameTypes

export { errorCodes } from '../faults/error-codes.ts'
export type { ErrorCode } from '../faults/error-codes.ts'

/** Settings by name (RFC 9113 §6.5.2). */
export const settingIds = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const

export type SettingName = keyof typeof settingIds

/** Flags (RFC 9113 §6). END_STREAM of DATA and HEADERS has the bit of ACK of SETTINGS and PING. */
export const flags = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8 } as const

/** What a client sends first (RFC 9113 §3.4). */
export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** The largest stream identifier there is (RFC 9113 §5.1.1). */
export const streamMax = 0x7fffffff

export const frameHeadBytes = 9

export interface Frame {
  readonly type: number
  readonly flags: number
  /** 0 is the connection. */
  readonly stream: number
  readonly payload: Buffer
}

/** The bytes of a frame. The length is that of the payload, unless a fault says otherwise. */
export function frameBytes(
  { type, flags: bits, stream, payload }: Frame,
  length: number = payload.length,
): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + payload.length)
  bytes.writeUIntBE(length, 0, 3)
  bytes.writeUInt8(type, 3)
  bytes.writeUInt8(bits, 4)
  bytes.writeUInt32BE(stream, 5)
  payload.copy(bytes, frameHeadBytes)
  return bytes
}

/** DATA (§6.1); `pad`: how many bytes of padding, none when absent. */
export function dataFrame(
  stream: number,
  body: Uint8Array,
  { end = false, pad }: { end?: boolean; pad?: number } = {},
): Buffer {
  const bits = (end ? flags.END_STREAM : 0) | (pad === undefined ? 0 : flags.PADDED)
  return frameBytes({ type: frameTypes.DATA, flags: bits, stream, payload: padded(body, pad) })
}

/** HEADERS with a whole header block (§6.2). */
export function headersFrame(
  stream: number,
  block: Uint8Array,
  { end = false, pad }: { end?: boolean; pad?: number } = {},
): Buffer {
  const bits = flags.END_HEADERS | (end ? flags.END_STREAM : 0) | (pad === undefined ? 0 : flags.PADDED)
  return frameBytes({ type: frameTypes.HEADERS, flags: bits, stream, payload: padded(block, pad) })
}

function padded(bytes: Uint8Array, pad: number | undefined): Buffer {
  if (pad === undefined) return Buffer.from(bytes)
  return Buffer.concat([Buffer.from([pad]), bytes, Buffer.alloc(pad)])
}

/** RST_STREAM (§6.4). */
export function rstStreamFrame(stream: number, code: number): Buffer {
  return frameBytes({ type: frameTypes.RST_STREAM, flags: 0, stream, payload: uint32(code) })
}

/** SETTINGS (§6.5). */
export function settingsFrame(settings: Readonly<Partial<Record<SettingName, number>>>): Buffer {
  const entries = Object.entries(settings) as [SettingName, number][]
  const payload = Buffer.alloc(6 * entries.length)
  entries.forEach(([name, value], i) => {
    payload.writeUInt16BE(settingIds[name], 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  })
  return frameBytes({ type: frameTypes.SETTINGS, flags: 0, stream: 0, payload })
}

export function settingsAckFrame(): Buffer {
  return frameBytes({ type: frameTypes.SETTINGS, flags: flags.ACK, stream: 0, payload: Buffer.alloc(0) })
}

/** PING (§6.7); `opaque` is eight bytes. */
export function pingFrame(opaque: Uint8Array, { ack = false }: { ack?: boolean } = {}): Buffer {
  const payload = Buffer.from(opaque)
  return frameBytes({ type: frameTypes.PING, flags: ack ? flags.ACK : 0, stream: 0, payload })
}

/** GOAWAY (§6.8). */
export function goawayFrame(last: number, code: number, debug = ''): Buffer {
  const payload = Buffer.concat([uint32(last), uint32(code), Buffer.from(debug, 'utf8')])
  return frameBytes({ type: frameTypes.GOAWAY, flags: 0, stream: 0, payload })
}

/** WINDOW_UPDATE (§6.9); stream 0 is the connection's window. */
export function windowUpdateFrame(stream: number, bytes: number): Buffer {
  return frameBytes({ type: frameTypes.WINDOW_UPDATE, flags: 0, stream, payload: uint32(bytes) })
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** How the name of a type is shown; unknown ones as `0x2a`. */
export function frameTypeName(type: number): string {
  return typeNames.get(type) ?? `0x${type.toString(16)}`
}

const typeNames = new Map<number, string>(Object.entries(frameTypes).map(([name, type]) => [type, name]))

/** The error code that a frame carries: of RST_STREAM and GOAWAY. */
export function errorCodeOf({ type, payload }: Frame): number | undefined {
  if (type === frameTypes.RST_STREAM && payload.length === 4) return payload.readUInt32BE()
  return type === frameTypes.GOAWAY && payload.length >= 8 ? payload.readUInt32BE(4) : undefined
}

/** The last stream identifier that a GOAWAY carries. */
export function lastStreamOf({ type, payload }: Frame): number | undefined {
  return type === frameTypes.GOAWAY && payload.length >= 8 ? payload.readUInt32BE() & streamMax : undefined
}

/** What a SETTINGS frame says, by name; settings without a name by number. */
export function settingsOf({ type, payload }: Frame): Record<string, number> | undefined {
  if (type !== frameTypes.SETTINGS || payload.length === 0 || payload.length % 6 !== 0) return undefined
  const said: Record<string, number> = {}
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at)
    said[settingNames.get(id) ?? `0x${id.toString(16)}`] = payload.readUInt32BE(at + 2)
  }
  return said
}

const settingNames = new Map<number, string>(Object.entries(settingIds).map(([name, id]) => [id, name]))

export function isAck(frame: Frame): boolean {
  const acks: readonly number[] = [frameTypes.SETTINGS, frameTypes.PING]
  return acks.includes(frame.type) && (frame.flags & flags.ACK) !== 0
}

/** Whether the sender says that this is all of the stream. */
export function endsStream(frame: Frame): boolean {
  const ends: readonly number[] = [frameTypes.DATA, frameTypes.HEADERS]
  return ends.includes(frame.type) && (frame.flags & flags.END_STREAM) !== 0
}

/** A frame as it came. */
export interface ReadFrame extends Frame {
  /** All of it, head and payload. */
  readonly bytes: Buffer
}

/** Frames out of bytes, however those are cut up. Holds no more than one frame. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0)

  /** The frames that are whole with these bytes. */
  push(bytes: Buffer): ReadFrame[] {
    let all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes])
    const frames: ReadFrame[] = []
    for (;;) {
      if (all.length < frameHeadBytes) break
      const end = frameHeadBytes + all.readUIntBE(0, 3)
      if (all.length < end) break
      frames.push({
        type: all.readUInt8(3),
        flags: all.readUInt8(4),
        stream: all.readUInt32BE(5) & streamMax,
        payload: all.subarray(frameHeadBytes, end),
        bytes: all.subarray(0, end),
      })
      all = all.subarray(end)
    }
    this.rest = all
    return frames
  }

  /** Bytes of a frame that is not whole yet. */
  get held(): Buffer {
    return this.rest
  }

  /** Length that the head of that frame says; 0 where the head itself is not whole. */
  get due(): number {
    return this.rest.length < frameHeadBytes ? 0 : this.rest.readUIntBE(0, 3)
  }
}
