/** The bodies of admin calls: bounded before they are read, and dropped without being kept where they are too long. */
import type { IncomingMessage } from 'node:http'
import { realClock, within } from '../../src/clock.ts'
import { messageOf, TailraceError } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { readDocument } from '../../src/plan/document.ts'
import { Refusal } from './call.ts'

/** Throws 413, before anything is read where the length is said. */
export function checkLength({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const said = Number(headers['content-length'] ?? 0)
  if (said > limits.adminBodyBytesMax) throw tooLong(`${said} bytes`)
}

export async function receive(request: IncomingMessage): Promise<Buffer> {
  checkLength(request)
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const part = chunk as Buffer
    size += part.length
    if (size > limits.adminBodyBytesMax) throw tooLong('more')
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

function tooLong(got: string): Refusal {
  const expected = `at most ${limits.adminBodyBytesMax} bytes`
  return new Refusal(413, 'the body is too large', [{ at: '', expected, got }])
}

/** Reads what is left of a body and drops it, for so long at most: who still sends would not see the answer. */
export async function drop(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return
  const over = new Promise<void>((resolve) => {
    request.once('end', resolve)
    request.once('close', resolve)
  })
  request.resume()
  await within(realClock(), limits.adminLingerMs, over, undefined)
}

/** `{}` where there is none. */
export function parseBody(bytes: Buffer, form: 'json' | 'plan'): unknown {
  if (bytes.length === 0) return {}
  const text = utf8(bytes)
  try {
    return form === 'plan' ? readDocument(text, 'the body', 'plan') : (JSON.parse(text) as unknown)
  } catch (error) {
    if (error instanceof TailraceError)
      throw new Refusal(400, 'the body is neither YAML nor JSON', error.problems)
    throw new Refusal(400, 'the body is no JSON', [{ at: '', expected: 'JSON', got: messageOf(error) }])
  }
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal(400, 'the body is no text', [{ at: '', expected: 'UTF-8', got: 'other bytes' }])
  }
}
