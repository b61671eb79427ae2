/** That what is published of the clients is whole and fresh, and what is derived from it right. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faultNames } from '../../src/fault.ts'
import { checkPlan } from '../../src/plan/parse.ts'
import { bodyOf, messageText } from './asking.ts'
import { catalogue, columns, unseen } from './catalogue.ts'
import type { Placed } from './catalogue.ts'
import { documentText, jsonPath, pagePath } from './document.ts'
import type { Observation, ObservedDocument, Row } from './document.ts'
import { observedProfile, ruleOf } from './observing.ts'
import { marks, page } from './page.ts'
import { described } from './row.ts'
import { answerBytes } from './trial.ts'
import { curlVersions } from './versions.ts'

const text = readFileSync(jsonPath, 'utf8')
const document = JSON.parse(text) as ObservedDocument

describe('docs/faults.observed.json', () => {
  it('has every fault, or says why it cannot be seen', () => {
    const seen = new Set(document.rows.map(({ fault }) => fault))
    expect([...seen, ...Object.keys(document.unseen)].sort()).toEqual([...faultNames].sort())
    expect(document.unseen).toEqual(unseen)
    for (const why of Object.values(document.unseen)) expect(why).toMatch(/\w+ \w+.*\.$/)
  })

  it('is of the catalogue as it stands: `npm run observe` after a change', () => {
    const plain = (row: object): unknown => JSON.parse(JSON.stringify(row))
    expect(document.rows.map(({ seen: _, ...row }) => row)).toEqual(
      catalogue.map((each) => plain(described(each))),
    )
  })

  it('has each client of the layer in each row, with an outcome or a reason', () => {
    for (const { layer, seen, fault } of document.rows) {
      expect(Object.keys(seen), fault).toEqual(columns[layer].map(({ name }) => name))
      for (const each of Object.values(seen)) {
        if ('notApplicable' in each) expect(each.notApplicable).not.toBe('')
        else expect(['ok', 'error', 'timeout']).toContain(each.outcome)
      }
    }
  })

  it('has an answer in full from every client in normal service', () => {
    const [normal] = document.rows.filter(({ fault }) => fault === 'none')
    const whole = { outcome: 'ok', status: 202, bytes: answerBytes, attempts: 1, fault: 'emitted' }
    for (const [name, seen] of Object.entries(normal?.seen ?? {})) {
      if (!('notApplicable' in seen)) expect(seen, name).toEqual(whole)
    }
    expect(normal).toBeDefined()
  })

  it('has a strike of every fault', () => {
    const struck = document.rows.filter(({ seen }) =>
      Object.values(seen).some((each) => 'fault' in each && each.fault === 'emitted'),
    )
    const names = new Set(document.rows.map(({ fault }) => fault))
    expect(new Set(struck.map(({ fault }) => fault))).toEqual(names)
  })

  it('names no address, no port and no thread', () => {
    expect(text).not.toMatch(/127\.0\.0\.1|localhost:|:2\d{4}\b|[0-9A-F]{8}:error/)
  })

  it('is laid out as the program does it', () => expect(documentText(document)).toBe(text))
})

describe('docs/faults.observed.md', () => {
  it('is made from the JSON', () => expect(readFileSync(pagePath, 'utf8')).toBe(page(document)))
})

describe('the catalogue', () => {
  it.each(catalogue.map((each): [string, Placed] => [JSON.stringify(each.trial), each]))(
    '%s is a plan',
    (_, each) => {
      const rules = [ruleOf(each.trial), ...(each.trial.beside ? [each.trial.beside] : [])]
      expect(checkPlan({ version: 1, seed: '1', rules }, 'plan').rules).toHaveLength(rules.length)
    },
  )

  it('has answers of the length that it says', () => {
    expect(JSON.stringify(observedProfile().reply.body)).toHaveLength(answerBytes)
  })
})

describe('what looks like success', () => {
  const ok: Observation = { outcome: 'ok', status: 202, bytes: answerBytes, attempts: 1, fault: 'emitted' }
  const short: Observation = { ...ok, bytes: 10 }

  function marked(answer: Row['answer'], seen: Observation, layer: Row['layer'] = 'h1'): string[] {
    const row: Row = {
      fault: 'f',
      layer,
      on: 'response-head',
      answer,
      parameters: {},
      seen: { client: seen },
    }
    return marks({ ...document, rows: [row] }, row)
  }

  it('is a part that is handed over as if it were all', () => {
    expect(marked('protocol', short)).toEqual(['silent truncation'])
    expect(marked('doubtful', short)).toEqual(['silent truncation'])
  })

  it('is an answer that breaks the rules, or a stream without its end', () => {
    expect(marked('doubtful', ok)).toEqual(['read as whole'])
    expect(marked('none', ok, 'h2')).toEqual(['read as whole'])
  })

  it.each<[string, Row['answer'], Observation]>([
    ['a whole answer', 'protocol', ok],
    ['one that was cut behind its end', 'none', ok],
    ['one that the fault made', 'own', { ...ok, status: 503, bytes: 10 }],
    ['one still in its coding', 'doubtful', { ...short, coded: true }],
    ['an error', 'protocol', { ...short, outcome: 'error' }],
    ['what was not struck', 'doubtful', { ...short, fault: 'misfire: gone' }],
  ])('is not %s', (_, answer, seen) => expect(marked(answer, seen)).toEqual([]))
})

describe('what a client is asked and says', () => {
  it('is filled to so many bytes, whatever they spell', () => {
    expect(Buffer.byteLength(bodyOf({ text: 'a€', bytes: 10 }))).toBe(10)
    expect(bodyOf({ text: 'a€', bytes: 0 })).toBe('a€')
  })

  it.each([
    ['connect ECONNREFUSED 127.0.0.1:20001', 'connect ECONNREFUSED the server'],
    [
      'Failed to connect to 127.0.0.1 port 20001 after 0 ms',
      'Failed to connect to the server after so many ms',
    ],
    [
      'C0D7FE1B:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/ssl3_record.c:354:\n',
      'SSL routines:ssl3_get_record:wrong version number',
    ],
  ])('%j is told as %j', (message, told) => expect(messageText(message)).toBe(told))
})

describe('the versions of curl', () => {
  it('are those of its first line', () => {
    const line =
      'curl 8.5.0 (x86_64) libcurl/8.5.0 OpenSSL/3.0.13 zlib/1.3 nghttp2/1.59.0\nRelease-Date: 2023-12-06\n'
    expect(curlVersions(line)).toEqual({
      curl: '8.5.0',
      'OpenSSL of curl': '3.0.13',
      'nghttp2 of curl': '1.59.0',
    })
  })

  it('are told where there is none, and left out where it has other libraries', () => {
    expect(curlVersions(undefined)).toEqual({ curl: 'absent' })
    expect(curlVersions('curl 8.7.1 (darwin) libcurl/8.7.1 SecureTransport\n')).toEqual({ curl: '8.7.1' })
  })
})
