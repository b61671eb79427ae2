/**
 * What the reference server is compared with, as a process of its own: node:http that discards the body (`bare`), and
 * one that parses every line of it (`parse`). Says its URL as one line of JSON, as `tailrace serve --json` does.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

function answer(response: ServerResponse): void {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"ok":true}')
}

function discard(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => answer(response))
}

function parse(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => void chunks.push(chunk))
  request.on('end', () => {
    for (const line of Buffer.concat(chunks).toString().split('\n')) if (line !== '') JSON.parse(line)
    answer(response)
  })
}

const server = createServer(process.argv[2] === 'parse' ? parse : discard)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/` })}\n`)
})
