/** The reference client over HTTP/2: what a server says by frames, and what it does not say. */
import { describe, expect, it } from 'vitest'
import { errorCodes, goawayFrame, pingFrame, rstStreamFrame, streamMax } from '../wire/h2-frames.ts'
import type { ErrorCode } from '../wire/h2-frames.ts'
import { carried, meet } from './testing/h2-peer.ts'
import type { Request } from './testing/h2-peer.ts'

const answer = ({ session, stream }: Request): void => session.answer(stream)
const all = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq)
const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b)

describe('one connection', () => {
  it('carries every batch, several at a time, and is closed in good order', async () => {
    const { send, sessions, requests } = meet({ serve: answer })
    expect(await send(50)).toEqual({ delivered: 50, dropped: 0 })
    expect(sorted(carried(requests))).toEqual(all(50))
    expect(sessions).toHaveLength(1)
    expect(sessions[0]?.openMost).toBeGreaterThan(1)
    expect(sessions[0]?.openMost).toBeLessThanOrEqual(4)
    expect(sessions[0]?.sent('GOAWAY').map(({ payload }) => payload.readUInt32BE(4))).toEqual([0])
    expect(sessions[0]?.ended).toBe(true)
  })

  it('has one stream until the server has said how many there may be, and then no more', async () => {
    const { send, sessions } = meet({
      settings: { MAX_CONCURRENT_STREAMS: 2 },
      late: true,
      serve: (request) => {
        if (request.n === 1) request.session.write(pingFrame(Buffer.alloc(8)))
        answer(request)
      },
    })
    expect(await send(20)).toEqual({ delivered: 20, dropped: 0 })
    expect(sessions[0]?.openMost).toBe(2)
    expect(sessions[0]?.sent('PING').map(({ flags }) => flags)).toEqual([1])
  })

  it('never has two streams where the server wants one', async () => {
    const { send, sessions } = meet({
      settings: { MAX_CONCURRENT_STREAMS: 1 },
      serve: answer,
    })
    expect(await send(20)).toEqual({ delivered: 20, dropped: 0 })
    expect(sessions.map(({ openMost }) => openMost)).toEqual([1])
  })
})

describe('GOAWAY', () => {
  it('between batches costs nothing: the next goes over a new connection', async () => {
    const { send, sessions, requests } = meet({
      config: { concurrency: 1 },
      serve: (request) => {
        answer(request)
        if (request.n === 3) request.session.write(goawayFrame(request.stream, errorCodes.NO_ERROR))
      },
    })
    expect(await send(6)).toEqual({ delivered: 6, dropped: 0 })
    expect(carried(requests)).toEqual(all(6))
    expect(sessions).toHaveLength(2)
  })

  it('lets what is below its last stream come to its end, and what is above go again at once', async () => {
    const held: Request[] = []
    const { send, sessions, requests } = meet({
      config: { 'retry.max_attempts': 1 },
      serve: (request) => {
        if (request.session !== held[0]?.session && held.length > 0) return answer(request)
        if (held.push(request) < 4) return
        const [first, second] = held as [Request, Request]
        request.session.write(goawayFrame(second.stream, errorCodes.NO_ERROR))
        first.session.answer(first.stream)
        first.session.answer(second.stream)
      },
    })
    expect(await send(4)).toEqual({ delivered: 4, dropped: 0 })
    expect(sorted(carried(requests.filter(({ session }) => session === sessions[1])))).toEqual([2, 3])
    expect(requests).toHaveLength(6)
    expect(sessions).toHaveLength(2)
    expect(requests[5]?.at).toBe(0)
  })

  it('in two steps: no stream after the first, none lost at the second', async () => {
    const held: Request[] = []
    const { send, sessions, requests } = meet({
      serve: (request) => {
        if (held.length === 4) return answer(request)
        if (held.push(request) < 4) return
        request.session.write(goawayFrame(streamMax, errorCodes.NO_ERROR))
        request.session.write(goawayFrame(held[0]?.stream ?? 0, errorCodes.NO_ERROR))
        request.session.answer(held[0]?.stream ?? 0)
      },
    })
    expect(await send(10)).toEqual({ delivered: 10, dropped: 0 })
    expect(requests.filter(({ session }) => session === sessions[0])).toHaveLength(4)
    expect(requests).toHaveLength(13)
  })

  it('that processes nothing is no failed try, until there is no hope', async () => {
    const refuse = ({ session }: Request): void => session.write(goawayFrame(0, errorCodes.NO_ERROR))
    const config = { 'retry.max_attempts': 1, 'retry.max_ms': 1_000 }
    const six = meet({ config, serve: (request) => (request.n <= 6 ? refuse(request) : answer(request)) })
    expect(await six.send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(six.sessions).toHaveLength(7)
    const never = meet({ config, serve: refuse })
    expect(await never.send(1)).toEqual({ delivered: 0, dropped: 1 })
    expect(never.requests).toHaveLength(20)
    expect(never.clock.now() / 1e6).toBeGreaterThan(10_000)
  })

  it('with an error code leaves in doubt what is not above its last stream: the same bytes go again', async () => {
    const { send, requests } = meet({
      serve: (request) => {
        if (request.n > 1) return answer(request)
        request.session.write(goawayFrame(request.stream, errorCodes.INTERNAL_ERROR))
      },
    })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(requests.map(({ body }) => body)).toEqual(['{"seq":0}\n', '{"seq":0}\n'])
    expect(requests[1]?.at).toBeGreaterThanOrEqual(50)
  })

  it('that asks for calm is given it, more each time, by all batches together', async () => {
    const { send, sessions } = meet({
      config: { 'retry.base_ms': 100, 'retry.max_ms': 5_000 },
      serve: (request) => {
        const nth = sessions.indexOf(request.session)
        if (nth === 4) answer(request)
        else request.session.write(goawayFrame(0, errorCodes.ENHANCE_YOUR_CALM))
      },
    })
    expect(await send(20)).toEqual({ delivered: 20, dropped: 0 })
    const at = sessions.map(({ openedAt }) => openedAt)
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0))
    expect(gaps).toHaveLength(4)
    expect(gaps).toEqual(sorted(gaps))
    expect(gaps[0]).toBeGreaterThanOrEqual(100)
    expect(gaps[3]).toBeGreaterThanOrEqual(4 * (gaps[0] ?? 0))
  })
})

describe('a stream that ends otherwise than by its end', () => {
  it('was not processed where it was refused by name', async () => {
    const { send, sessions, requests } = meet({
      config: { 'retry.max_attempts': 1 },
      serve: (request) => {
        if (request.n > 1) return answer(request)
        request.session.write(rstStreamFrame(request.stream, errorCodes.REFUSED_STREAM))
      },
    })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(requests).toHaveLength(2)
    expect(sessions).toHaveLength(1)
  })

  it.each<[string, ErrorCode, (request: Request) => void]>([
    ['before the head', 'CANCEL', () => {}],
    ['within the body', 'CANCEL', ({ session, stream }) => session.begin(stream)],
    ['within the body', 'INTERNAL_ERROR', ({ session, stream }) => session.begin(stream)],
    ['within the body', 'REFUSED_STREAM', ({ session, stream }) => session.begin(stream)],
    [
      'within a body whose length is known',
      'NO_ERROR',
      ({ session, stream }) => session.begin(stream, 202, 99),
    ],
  ])('%s, with %s, is no answer', async (_where, code, begin) => {
    const { send, requests } = meet({
      config: { 'retry.max_attempts': 2 },
      serve: (request) => {
        if (request.n > 1) return answer(request)
        begin(request)
        request.session.write(rstStreamFrame(request.stream, errorCodes[code]))
      },
    })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(requests.map(({ body }) => body)).toEqual(['{"seq":0}\n', '{"seq":0}\n'])
  })

  it.each<[string, (request: Request) => void]>([
    ['FIN', ({ session }) => session.fin()],
    ['RST', ({ session }) => session.reset()],
  ])('by %s of its connection, within the body, is no answer', async (_how, end) => {
    const { send, sessions, requests } = meet({
      serve: (request) => {
        if (request.n > 1) return answer(request)
        request.session.begin(request.stream)
        end(request)
      },
    })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(requests.map(({ body }) => body)).toEqual(['{"seq":0}\n', '{"seq":0}\n'])
    expect(sessions).toHaveLength(2)
  })

  it('never, is left at the timeout: the stream is cancelled and the bytes go again', async () => {
    const { send, sessions, requests } = meet({
      config: { 'timeout.request_ms': 400 },
      serve: (request) => {
        if (request.n > 1) answer(request)
      },
    })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(sessions).toHaveLength(1)
    expect(sessions[0]?.sent('RST_STREAM').map(({ payload }) => payload.readUInt32BE())).toEqual([8])
    expect(requests[1]?.at).toBeGreaterThanOrEqual(450)
  })

  it('by an answer that came before the body was asked for, is answered', async () => {
    const { send, sessions } = meet({
      settings: { INITIAL_WINDOW_SIZE: 0 },
      early: (session, stream) => session.answer(stream, 400),
      serve: () => {},
    })
    expect(await send(1)).toEqual({ delivered: 0, dropped: 1 })
    expect(sessions[0]?.sent('HEADERS')).toHaveLength(1)
    expect(sessions[0]?.sent('RST_STREAM')).toHaveLength(1)
  })
})

describe('no connection', () => {
  it('is waited for twice as long as for an answer, by one attempt to connect at a time', async () => {
    const { send, shut, warnings } = meet({ serve: answer, config: { 'retry.max_ms': 1_000 } })
    shut()
    expect(await send(1)).toEqual({ delivered: 0, dropped: 1 })
    expect(warnings).toEqual(['dropped 1 records: connect ECONNREFUSED (attempt 10)'])
  })
})
