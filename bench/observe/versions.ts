/** Versions of everything that has a say in what a client sees. */
import { createRequire } from 'node:module'
import { curlVersion } from './curl.ts'

/** `undici in node` is that of the global fetch. curl has TLS and HTTP/2 of its own. */
export async function versions(): Promise<Record<string, string>> {
  const { node, undici, llhttp, nghttp2, openssl } = process.versions
  const package_ = createRequire(import.meta.url)('undici/package.json') as { version: string }
  const ofNode = {
    node,
    undici: package_.version,
    'undici in node': undici ?? 'none',
    llhttp,
    nghttp2,
    openssl,
  }
  const curl = await curlVersion()
  return { ...ofNode, ...curlVersions(curl) } as Record<string, string>
}

/** The first line of `curl --version` names it and its libraries. */
export function curlVersions(text: string | undefined): Record<string, string> {
  const [first = ''] = text?.split('\n') ?? []
  const of = (pattern: RegExp): string | undefined => pattern.exec(first)?.[1]
  const [curl, openssl, nghttp2] = [of(/^curl (\S+)/), of(/\bOpenSSL\/(\S+)/), of(/\bnghttp2\/(\S+)/)]
  if (curl === undefined) return { curl: 'absent' }
  return {
    curl,
    ...(openssl === undefined ? {} : { 'OpenSSL of curl': openssl }),
    ...(nghttp2 === undefined ? {} : { 'nghttp2 of curl': nghttp2 }),
  }
}
