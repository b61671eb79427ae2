/**
 * One JavaScript client in a process of its own: what it does wrong does not touch the server, and the
 * global `fetch` is the one that node has, which the package undici would change.
 *
 *   client-main.js NAME, over IPC: `{ ask }` is answered with an array of Seen, `{ leave: true }` with true.
 */
import type { Asked, Client } from './asking.ts'

export type ClientName =
  'undici request' | 'undici fetch' | 'undici request h2' | 'undici fetch h2' | 'http' | 'fetch' | 'http2'

export type Traits = { readonly [K in 'cannot' | 'keeps']: Client[K] }

async function clientNamed(name: ClientName): Promise<Client> {
  switch (name) {
    case 'http':
      return (await import('./node-http.ts')).httpClient()
    case 'fetch':
      return (await import('./node-http.ts')).fetchClient()
    case 'http2':
      return (await import('./node-http2.ts')).http2Client()
    default: {
      const { undiciClient } = await import('./undici.ts')
      return undiciClient(name.startsWith('undici request') ? 'request' : 'fetch', name.endsWith('h2'))
    }
  }
}

const client = await clientNamed(process.argv[2] as ClientName)
const { cannot, keeps } = client
process.send?.({ cannot, keeps } satisfies Traits)
process.on('message', (message: { ask: Asked } | { leave: true }) => {
  const done = 'ask' in message ? client.post(message.ask) : client.leave().then(() => true)
  void done.then((answer) => process.send?.({ answer }))
})
process.on('disconnect', () => process.exit())
