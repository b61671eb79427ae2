/**
 * What the gate costs: a decision of a plan of five rules, and the gate round a request under a plan of none.
 *
 *   node dist/bench/gate.js
 *
 * CPU of the process, by turns within one run: each is measured twice a round, and the two against each other (A/A).
 * The exchange is one that does nothing, so that what is left is the gate's own; every decision is counted, and one
 * that differs from the round before ends the benchmark.
 */
import { cpus, loadavg } from 'node:os'
import { Gate } from '../fakes/gate.ts'
import { GatedExchange } from '../fakes/gated-exchange.ts'
import { Steering } from '../fakes/steering.ts'
import { realClock } from '../src/clock.ts'
import type { Emitted, Exchange } from '../src/exchange.ts'
import { Ledger } from '../src/ledger.ts'
import type { Subject } from '../src/plan/decide.ts'
import { checkPlan } from '../src/plan/parse.ts'
import type { Rule } from '../src/plan/plan.ts'
import { atMost, cpuUs, interval, isCalm, say, sayWhere } from './figures.ts'

const rounds = 21
const decisions = 20_000
const requests = 20_000
/** Logical requests: each is seen `decisions / contents` times in a round. */
const contents = 2_000

const head = { on: 'response-head', taken: false } as const
const refusal = { type: 'http_error', status: 503 } as const
/** One of each kind that costs: by attempt, in a queue, by chance, by count, by path and header. */
const rules: readonly Rule[] = [
  { id: 'attempt', ...head, key: 'content', when: { attempt: [2] }, fault: refusal },
  { id: 'queue', ...head, match: { path: { prefix: '/v0/b' } }, outcomes: [refusal, { type: 'none' }] },
  { id: 'chance', ...head, key: 'content', when: { probability: 0.01 }, fault: refusal },
  { id: 'count', ...head, key: 'global', when: { every: 100 }, fault: refusal },
  {
    ...{ id: 'tenant', ...head, fault: refusal, when: { attempt: [3] } },
    match: { method: 'POST', path: { regex: '^/v0/' }, headers: { 'x-tenant': 'a' } },
  },
]

const clock = realClock()

function steeringOf(planned: readonly Rule[]): Steering {
  return new Steering(checkPlan({ version: 1, seed: '1', rules: planned }, 'the plan'), clock)
}

const subjects: readonly Subject[] = Array.from({ length: contents }, (_, seq) => ({
  points: ['response-head', 'response-body', 'response-end'],
  method: 'POST',
  path: '/v0/events?name=a',
  headers: [
    ['host', 'localhost'],
    ['content-type', 'application/x-ndjson'],
    ['x-tenant', seq % 2 === 0 ? 'a' : 'b'],
  ],
  content: `0.${seq}`,
  site: { lane: 'ingest', logical: `0.${seq}`, attempt: 1 },
  connection: 0,
  spot: `ingest:0.${seq}#1`,
  atS: 0,
}))

let struck: number | undefined

/** µs of CPU a decision. */
function decide(): number {
  const { current } = steeringOf(rules)
  let fired = 0
  const since = process.cpuUsage()
  for (let i = 0; i < decisions; i += 1) {
    if (current.draw(subjects[i % contents] as Subject)) fired += 1
  }
  const us = cpuUs(since) / decisions
  struck ??= fired
  if (fired !== struck || fired < contents) throw new Error(`${fired} decisions fired, ${struck} before`)
  return us
}

const gone = new Promise<never>(() => {})
const ok: Emitted = { ok: true, bytes: 11 }
const body = Buffer.from('{"ok":true}')
const connection: Exchange['connection'] = {
  ...{ id: 0, ordinal: 0, proto: 'h1', open: true },
  raw: () => Promise.resolve(ok),
  cut: () => Promise.resolve(ok),
}

/** A request with a body of one chunk that is there already, and an answer that goes nowhere. */
class StillExchange implements Exchange {
  readonly id = 0
  readonly connection = connection
  readonly head: Exchange['head'] = { method: 'POST', path: '/', headers: [], at: 0 }
  readonly gone = gone
  readonly complete = true
  answered = false

  get body(): AsyncIterable<Uint8Array> {
    return (async function* () {
      yield await Promise.resolve(body)
    })()
  }

  read(each: (chunk: Uint8Array) => void): Promise<void> {
    each(body)
    return Promise.resolve()
  }

  answer(): ReturnType<NonNullable<Exchange['answer']>> {
    this.answered = true
    return Promise.resolve({ emitted: ok, written: 'full' })
  }

  inform(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
  respond(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
  write(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
  trailers(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
  end(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
  cut(): Promise<Emitted> {
    return Promise.resolve(ok)
  }
}

const whole = { status: 202, headers: [], body } as const

async function serveBare(exchange: Exchange): Promise<void> {
  let bytes = 0
  await exchange.read?.((chunk) => (bytes += chunk.length))
  if (bytes !== body.length || !exchange.complete) throw new Error('the body was not read')
  await exchange.answer?.(whole)
}

const content = { content: '0.0', site: { lane: 'ingest', logical: '0.0', attempt: 1 }, bytes: 11 } as const

/** What `fakes/server.ts` and the intake do with the gate, and nothing else. */
async function serveGated(gate: Gate, inner: Exchange): Promise<void> {
  const gated = new GatedExchange(gate, inner)
  if ((await gated.enter()) !== 'open') throw new Error('an idle gate struck')
  let bytes = 0
  await gated.read?.((chunk) => (bytes += chunk.length))
  if (bytes !== body.length || !gated.complete) throw new Error('the body was not read')
  if (!gated.admit(content, body).allowed) throw new Error('an idle gate refused')
  gated.tookRecords()
  await gated.answer?.(whole)
  gated.close()
}

/** µs of CPU a request. */
async function idle(serve: (exchange: Exchange) => Promise<void>): Promise<number> {
  const since = process.cpuUsage()
  for (let i = 0; i < requests; i += 1) {
    const exchange = new StillExchange()
    await serve(exchange)
    if (!exchange.answered) throw new Error('no answer')
  }
  return cpuUs(since) / requests
}

function report(name: string, goal: number, costs: readonly number[], same: readonly number[]): void {
  const calm = isCalm(same)
  say(`A/A: ${name} against itself`.padEnd(48) + `${interval(same)}${calm ? '' : '  noisy'}`)
  const verdict = calm ? atMost(goal, costs) : 'not resolved'
  say(`${name}, µs of CPU`.padEnd(48) + `${interval(costs)}  ≤ ${goal}: ${verdict}`)
}

sayWhere(loadavg(), cpus())
const gate = new Gate({
  steering: steeringOf([]),
  ledger: new Ledger(clock),
  clock,
  errorAnswer: (status) => ({ status, headers: [], body }),
  firstToken: () => undefined,
})
const [draws, sameDraw, bares, gates, sameGate, ratio]: number[][] = [[], [], [], [], [], []]
for (let round = -2; round < rounds; round += 1) {
  const draw = [decide(), decide()] as const
  const bare = await idle(serveBare)
  const one = await idle((inner) => serveGated(gate, inner))
  const other = await idle((inner) => serveGated(gate, inner))
  const bareAgain = await idle(serveBare)
  if (round < 0) continue // warm up
  draws?.push((draw[0] + draw[1]) / 2)
  sameDraw?.push(draw[1] / draw[0])
  const [gated, plain] = [(one + other) / 2, (bare + bareAgain) / 2]
  bares?.push(plain)
  gates?.push(gated - plain)
  sameGate?.push(other / one)
  ratio?.push(gated / plain)
}
report('a decision of five rules', 3, draws ?? [], sameDraw ?? [])
report('an idle gate, beside none', 1.5, gates ?? [], sameGate ?? [])
say('no gate, µs of CPU a request'.padEnd(48) + interval(bares ?? []))
say('idle gate / no gate'.padEnd(48) + interval(ratio ?? []))
sayWhere(loadavg(), cpus())
