import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { MemorySocket } from './memory-socket.ts'

/** Begins a write; resolves to the code of its error, or to nothing where it was taken. */
function write(socket: MemorySocket, bytes: number): { done: () => boolean; outcome: Promise<unknown> } {
  let over = false
  const outcome = new Promise<unknown>((resolve) =>
    socket.write(Buffer.alloc(bytes), (error) => {
      over = true
      resolve((error as NodeJS.ErrnoException | null | undefined)?.code)
    }),
  )
  return { done: () => over, outcome }
}

async function codeOf(socket: MemorySocket): Promise<unknown> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

describe('a connection in memory', () => {
  it('takes what it can hold, and makes the writer of more wait until it is read', async () => {
    const [a, b] = MemorySocket.pair()
    await write(a, limits.memorySocketBytesMax - 1).outcome
    const more = write(a, 1)
    await once(b, 'readable')
    expect(more.done()).toBe(false)
    b.resume()
    expect(await more.outcome).toBeUndefined()
  })

  it('carries on in one direction when the other has ended', async () => {
    const [a, b] = MemorySocket.pair()
    a.end()
    b.resume()
    await once(b, 'end')
    b.write('still')
    const [chunk] = (await once(a, 'data')) as [Buffer]
    expect(String(chunk)).toBe('still')
  })

  it('is a FIN to the peer when closed, and an error where the peer writes on', async () => {
    const [a, b] = MemorySocket.pair()
    a.destroy()
    b.resume()
    await once(b, 'end')
    const failed = codeOf(b)
    expect(await write(b, 1).outcome).toBe('EPIPE')
    expect(await failed).toBe('EPIPE')
  })

  it('is ECONNRESET to the peer when reset', async () => {
    const [a, b] = MemorySocket.pair()
    const failed = codeOf(b)
    a.resetAndDestroy()
    expect(await failed).toBe('ECONNRESET')
    expect(a.destroyed).toBe(true)
  })

  it('lets go of the write that waits when either side closes', async () => {
    for (const closing of [0, 1] as const) {
      const pair = MemorySocket.pair()
      for (const socket of pair) socket.on('error', () => {})
      const waiting = write(pair[0], 2 * limits.memorySocketBytesMax)
      pair[closing].destroy()
      expect(await waiting.outcome).toBe(closing === 0 ? 'ECANCELED' : 'EPIPE')
    }
  })
})
