/**
 * Keyed randomness. A draw is a function of the seed and of the reasons it is made for, never of what was drawn
 * before, so decisions do not depend on the order in which requests arrive (design page 0002).
 *
 * The function is SHA-256 over the UTF-8 JSON array of the parts as strings: any language can redo it, and
 * `random.test.ts` holds the vectors.
 */
import { hash, randomBytes } from 'node:crypto'

export type Part = string | number

/** 32 bytes that depend on every part and on nothing else. */
export function digest(seed: string, ...reason: Part[]): Buffer {
  return hash('sha256', textOf(seed, reason), 'buffer')
}

function textOf(seed: string, reason: readonly Part[]): string {
  let text = `[${quoted(seed)}`
  for (const part of reason) text += `,${quoted(part)}`
  return `${text}]`
}

/** As JSON.stringify writes a text, which is slower where there is nothing to escape. */
function quoted(part: Part): string {
  return typeof part === 'number' || plain.test(part) ? `"${part}"` : JSON.stringify(part)
}

const plain = /^[\w .:*#@/=-]*$/

/** A number in [0, 1) with 48 bits: the first of the digest, read from its digits, which cost half of a Buffer. */
export function unit(seed: string, ...reason: Part[]): number {
  return Number.parseInt(hash('sha256', textOf(seed, reason)).slice(0, 12), 16) / 2 ** 48
}

/** A whole number in [0, bound). */
export function below(bound: number, seed: string, ...reason: Part[]): number {
  return Math.floor(unit(seed, ...reason) * bound)
}

/** The first `digits` hexadecimal digits of the digest, at most 64. */
export function hex(digits: number, seed: string, ...reason: Part[]): string {
  return digest(seed, ...reason)
    .toString('hex')
    .slice(0, digits)
}

/** A copy of `items` in an order drawn for `reason` (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], seed: string, ...reason: Part[]): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = below(i + 1, seed, ...reason, i)
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}

/** Hexadecimal digits that nobody can know: for what must stay secret, and is never to be drawn again. */
export function secret(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits)
}
