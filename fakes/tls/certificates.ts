/**
 * Certificates, made when they are first asked for and kept for as long as the process lives: an authority of ours,
 * servers' certificates signed by it, and the ones that a client must refuse. One key serves them all, because keys
 * are slow to make and nothing here is a secret. Dates are those of the real calendar: clients compare them with it.
 */
import { createHash, generateKeyPair } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type forge from 'node-forge'
import { realClock } from '../../src/clock.ts'

/** `ours` is in order; the others are by an authority that nobody knows, out of date, or for another host. */
export type CertificateName = 'ours' | 'stranger' | 'expired' | 'elsewhere'

/** PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What all certificates of a process share. */
interface Mint {
  readonly forge: typeof forge
  /** PKCS #8, PEM. */
  readonly key: string
  readonly signing: forge.pki.rsa.PrivateKey
  readonly public: forge.pki.rsa.PublicKey
  /** Hexadecimal digest of the public key: tells the authorities of different processes apart. */
  readonly print: string
}

/** What one certificate says. */
interface Wording {
  readonly subject: string
  readonly issuer: string
  /** Days from today on which its validity begins and ends. */
  readonly days: readonly [from: number, to: number]
  readonly extensions: readonly object[]
}

const keyBits = 2048
const dayMs = 86_400_000
/** Apple's clients refuse certificates that live for more than 398 days. */
const ordinaryDays: Wording['days'] = [-1, 364]
const expiredDays: Wording['days'] = [-30, -1]
/** Older than all that it has signed. */
const authorityDays: Wording['days'] = [-60, 364]
const hosts = ['localhost', '127.0.0.1', '::1']
/** No host has this name (RFC 6761 §6.4). */
const otherHost = 'elsewhere.invalid'

let minting: Promise<Mint> | undefined
const made = new Map<string, Promise<Certificate>>()

/** A server's certificate for localhost, both loopback addresses and `host`; `elsewhere` is for none of them. */
export function certificate(name: CertificateName, host = 'localhost'): Promise<Certificate> {
  const id = JSON.stringify([name, host])
  let found = made.get(id)
  if (!found) made.set(id, (found = mint().then((shared) => serverCertificate(shared, name, host))))
  return found
}

/** The certificate of our authority, PEM. */
export async function authority(): Promise<string> {
  const id = 'authority'
  let found = made.get(id)
  if (!found) made.set(id, (found = mint().then(authorityCertificate)))
  return (await found).cert
}

/** Writes the certificate of our authority into the folder `dir`, for clients to trust; its path. */
export async function authorityFile(dir: string): Promise<string> {
  const path = join(dir, 'authority.pem')
  await writeFile(path, await authority())
  await chmod(path, 0o644) // whatever the umask: the client may be another user
  return path
}

function mint(): Promise<Mint> {
  minting ??= newMint()
  return minting
}

async function newMint(): Promise<Mint> {
  const { default: forge } = await import('node-forge')
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: keyBits })
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string
  return {
    forge,
    key,
    signing: forge.pki.privateKeyFromPem(key),
    public: forge.pki.publicKeyFromPem(spki),
    print: createHash('sha256').update(spki).digest('hex'),
  }
}

function serverCertificate(shared: Mint, name: CertificateName, host: string): Certificate {
  const names = name === 'elsewhere' ? [otherHost] : [...new Set([...hosts, host])]
  return sign(shared, {
    subject: names[0] ?? host,
    issuer: name === 'stranger' ? strangerName(shared) : authorityName(shared),
    days: name === 'expired' ? expiredDays : ordinaryDays,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(altName) },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: true },
    ],
  })
}

/** RFC 5280 §4.2.1.6: 2 is a DNS name, 7 an address. */
function altName(host: string): object {
  return isIP(host) ? { type: 7, ip: host } : { type: 2, value: host }
}

function authorityCertificate(shared: Mint): Certificate {
  return sign(shared, {
    subject: authorityName(shared),
    issuer: authorityName(shared),
    days: authorityDays,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'subjectKeyIdentifier' },
    ],
  })
}

function authorityName({ print }: Mint): string {
  return `tailrace authority ${print.slice(0, 8)}`
}

function strangerName({ print }: Mint): string {
  return `tailrace unknown authority ${print.slice(0, 8)}`
}

function sign(shared: Mint, { subject, issuer, days, extensions }: Wording): Certificate {
  const { pki, md } = shared.forge
  const now = realClock().wall()
  const cert = pki.createCertificate()
  cert.publicKey = shared.public
  cert.serialNumber = serialOf(shared.print, subject, issuer, days, extensions)
  cert.validity.notBefore = new Date(now + days[0] * dayMs)
  cert.validity.notAfter = new Date(now + days[1] * dayMs)
  cert.setSubject([{ name: 'commonName', value: subject }])
  cert.setIssuer([{ name: 'commonName', value: issuer }])
  cert.setExtensions([...extensions])
  cert.sign(shared.signing, md.sha256.create())
  return { cert: pki.certificateToPem(cert), key: shared.key }
}

/** 16 bytes, positive, another one for each certificate of an issuer (RFC 5280 §4.1.2.2). */
function serialOf(...of: readonly unknown[]): string {
  return `01${createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 30)}`
}
