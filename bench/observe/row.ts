/** What a row of the document says of its trial, before anything has been seen. */
import { faultSpec, pointsAfterTake } from '../../src/fault.ts'
import { parsePoint } from '../../src/plan/point.ts'
import type { Placed } from './catalogue.ts'
import type { Row } from './document.ts'

export function described({ layer, trial }: Placed): Omit<Row, 'seen'> {
  const { fault, on = 'response-head', taken = true, before, atOnce, uploadBytes, asks, beside } = trial
  const { type, ...parameters } = fault
  const { answer, doubtful } = faultSpec(type)
  const point = parsePoint(on)?.name
  const isAfterTake = point !== undefined && pointsAfterTake.includes(point)
  const client = {
    ...(before ? { before: before === 'struck' ? 'a request, and the strike' : 'a request' } : {}),
    ...(atOnce === undefined ? {} : { requests: atOnce }),
    ...(uploadBytes === undefined ? {} : { upload_bytes: uploadBytes }),
    ...(asks ? { asks: asks === 'expects' ? '100-continue' : 'PING' } : {}),
    ...(beside ? { beside: beside.fault?.type } : {}),
  }
  return {
    ...{ fault: type, layer, on },
    ...(isAfterTake ? { taken } : {}),
    answer: doubtful ? 'doubtful' : answer,
    parameters,
    ...(Object.keys(client).length > 0 ? { client } : {}),
  }
}
