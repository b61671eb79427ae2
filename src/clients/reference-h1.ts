/** HTTP/1.1 for the reference client, by undici. */
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { messageOf } from '../errors.ts'
import type { Answer } from './reference-answers.ts'
import { AnswerBody } from './reference-body.ts'
import type { Carrier } from './reference-asked.ts'

export function undiciCarrier(dispatcher: Dispatcher): Carrier {
  return {
    ask: async ({ url, headers, body, timeoutMs, signal }) => {
      // undici's own timers are coarse: they stand behind ours.
      const undiciMs = 2 * timeoutMs
      const answer = await request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher,
        signal,
        headersTimeout: undiciMs,
        bodyTimeout: undiciMs,
      })
      return { status: answer.statusCode, headers: answer.headers, ...(await read(answer.body)) }
    },
    close: () => dispatcher.close(),
  }
}

/** To the end, or the connection cannot be used again and a cut answer would pass for a whole one. */
async function read(chunks: AsyncIterable<Buffer>): Promise<Pick<Answer, 'body' | 'cut'>> {
  const body = new AnswerBody()
  try {
    for await (const chunk of chunks) body.push(chunk)
  } catch (error) {
    return { body: body.text, cut: messageOf(error) }
  }
  return { body: body.text }
}
