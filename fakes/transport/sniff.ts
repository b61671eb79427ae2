/** What a client speaks, told from its first bytes, which stay to be read. */
import { preface } from '../../src/wire/h2-frames.ts'
import type { Socket } from './h1-connection.ts'

export type Spoken = 'tls' | 'h2c' | 'h1'

/** Of a TLS record: content type 22, handshake (RFC 8446 §5.1). */
const handshakeRecord = 0x16

/** Undefined while the bytes may still become either. */
export function spokenIn(bytes: Uint8Array): Spoken | undefined {
  if (bytes.length === 0) return undefined
  if (bytes[0] === handshakeRecord) return 'tls'
  const length = Math.min(bytes.length, preface.length)
  if (preface.compare(bytes, 0, length, 0, length) !== 0) return 'h1'
  return length === preface.length ? 'h2c' : undefined
}

/** `h1` where the client leaves before it has said enough: that is for HTTP/1.1 to make sense of. */
export async function sniff(socket: Socket): Promise<Spoken> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const chunk = socket.read() as Buffer | null
    if (chunk) bytes = Buffer.concat([bytes, chunk])
    const spoken = spokenIn(bytes) ?? (isOver(socket) ? 'h1' : undefined)
    if (spoken) {
      if (bytes.length > 0 && !isOver(socket)) socket.unshift(bytes)
      return spoken
    }
    await something(socket)
  }
}

function isOver(socket: Socket): boolean {
  return socket.readableEnded || socket.destroyed || socket.errored !== null
}

function something(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const signs = ['readable', 'end', 'error', 'close']
    const heard = (): void => {
      for (const sign of signs) socket.off(sign, heard)
      resolve()
    }
    for (const sign of signs) socket.on(sign, heard)
  })
}
