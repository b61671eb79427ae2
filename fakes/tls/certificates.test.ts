/** Certificates as node's own parser and clients see them. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { authority, authorityFile, certificate } from './certificates.ts'
import type { CertificateName } from './certificates.ts'

const dayMs = 86_400_000
const all: readonly CertificateName[] = ['ours', 'stranger', 'expired', 'elsewhere']

async function read(name: CertificateName, host?: string): Promise<X509Certificate> {
  return new X509Certificate((await certificate(name, host)).cert)
}

async function ourAuthority(): Promise<X509Certificate> {
  return new X509Certificate(await authority())
}

/** Whole days from now; they were made today. */
function daysTo(date: string): number {
  return Math.round((Date.parse(date) - realClock().wall()) / dayMs)
}

describe('certificates', () => {
  const { cache } = createRequire(import.meta.url)
  const isLoaded = (): boolean => Object.keys(cache).some((path) => path.includes('node-forge'))

  it('cost nothing until one is asked for', async () => {
    expect(isLoaded()).toBe(false)
    await authority()
    expect(isLoaded()).toBe(true)
  })

  it('are made once, for each host', async () => {
    const twice = await Promise.all([certificate('ours'), certificate('ours')])
    expect(twice[0]).toBe(twice[1])
    expect(await authority()).toBe(await authority())
    expect((await certificate('ours', 'tail.test')).cert).not.toBe(twice[0].cert)
  })

  it('are of an authority that may sign others and is ours', async () => {
    const ours = await ourAuthority()
    expect(ours.ca).toBe(true)
    expect(ours.checkIssued(ours)).toBe(true)
    expect(ours.verify(ours.publicKey)).toBe(true)
    const server = await read('ours')
    expect([server.ca, server.checkIssued(ours), server.verify(ours.publicKey)]).toEqual([false, true, true])
  })

  it('name localhost, both loopback addresses, and the host', async () => {
    for (const host of [undefined, 'tail.test', '127.0.0.7', 'fd00::7']) {
      const server = await read('ours', host)
      expect(server.checkHost('localhost')).toBe('localhost')
      for (const address of ['127.0.0.1', '::1']) expect(server.checkIP(address)).toBe(address)
    }
    expect((await read('ours', 'tail.test')).checkHost('tail.test')).toBe('tail.test')
    expect((await read('ours', '127.0.0.7')).checkIP('127.0.0.7')).toBe('127.0.0.7')
    expect((await read('ours', 'fd00::7')).checkIP('fd00::7')).toBe('fd00::7')
    expect((await read('ours')).checkIP('127.0.0.7')).toBeUndefined()
  })

  it('are wrong in one thing each', async () => {
    const ours = await ourAuthority()
    const rows = await Promise.all(
      all.map(async (name) => {
        const it = await read(name)
        const isNow = daysTo(it.validFrom) < 0 && daysTo(it.validTo) > 0
        return [name, it.checkIssued(ours), isNow, it.checkHost('localhost') !== undefined]
      }),
    )
    expect(rows).toEqual([
      ['ours', true, true, true],
      ['stranger', false, true, true],
      ['expired', true, false, true],
      ['elsewhere', true, true, false],
    ])
    expect((await read('elsewhere')).checkHost('elsewhere.invalid')).toBe('elsewhere.invalid')
  })

  it('have the dates of the real calendar: the one that expired did so yesterday', async () => {
    const [ours, expired] = [await read('ours'), await read('expired')]
    expect([daysTo(ours.validFrom), daysTo(ours.validTo)]).toEqual([-1, 364])
    expect([daysTo(expired.validFrom), daysTo(expired.validTo)]).toEqual([-30, -1])
    expect(daysTo((await ourAuthority()).validFrom)).toBeLessThan(daysTo(expired.validFrom))
  })

  it('have positive serial numbers of their own', async () => {
    const certificates = await Promise.all([
      ourAuthority(),
      ...all.map((name) => read(name)),
      read('ours', 'tail.test'),
      read('expired', 'tail.test'),
    ])
    const serials = certificates.map(({ serialNumber }) => serialNumber)
    expect(new Set(serials).size).toBe(serials.length)
    for (const serial of serials) expect(serial).toMatch(/^01[0-9A-F]{30}$/)
  })

  it('are written for clients to trust, readable by any user', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tailrace-'))
    try {
      const path = await authorityFile(dir)
      expect(path).toBe(join(dir, 'authority.pem'))
      expect(await readFile(path, 'utf8')).toBe(await authority())
      expect((await stat(path)).mode & 0o777).toBe(0o644)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
