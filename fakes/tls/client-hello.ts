/** The first thing that a client of TLS says, read from the bare socket. */
import type { Socket } from 'node:net'
import type { Clock } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'

/** What came: a whole ClientHello, bytes that are none, the end of the connection, or nothing for too long. */
export interface Opening {
  readonly came: 'hello' | 'other' | 'gone' | 'silent'
  /** All that was read. */
  readonly bytes: Buffer
}

const handshakeType = 22
const clientHelloType = 1
/** What no ClientHello needs; a record alone holds a quarter of it. */
const helloBytesMax = 65_536

/** Reads a paused socket until its ClientHello is whole, and pauses it again. */
export function clientHello(raw: Socket, clock: Clock): Promise<Opening> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const settle = (came: Opening['came']): void => {
      timer.cancel()
      raw.off('data', more).off('end', gone).off('close', gone)
      raw.pause()
      resolve({ came, bytes })
    }
    const more = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const known = isHello(bytes)
      if (known !== undefined) settle(known ? 'hello' : 'other')
    }
    const gone = (): void => settle('gone')
    const timer = clock.after(limits.tlsHandshakeMs, () => settle('silent'))
    if (raw.destroyed) return gone()
    raw.on('data', more).on('end', gone).on('close', gone)
    raw.resume()
  })
}

/**
 * Whether the bytes begin with a whole ClientHello (RFC 8446 §4.1.2), which may lie in several records (§5.1);
 * undefined while that is open.
 */
export function isHello(bytes: Buffer): boolean | undefined {
  let at = 0
  let message = Buffer.alloc(0)
  while (bytes.length > at) {
    if (bytes[at] !== handshakeType || bytes.length > helloBytesMax) return false
    if (bytes.length < at + 5) return undefined
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    message = Buffer.concat([message, bytes.subarray(at + 5, end)])
    if (message.length > 0 && message[0] !== clientHelloType) return false
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3)) return true
    at = end
  }
  return undefined
}
