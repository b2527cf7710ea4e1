import { StringDecoder } from 'node:string_decoder'
import type { Json, JsonObject } from '../../src/event/json.ts'
import type { HttpResponse } from '../../src/guard/client.ts'
import { createMask } from '../../src/secret/mask.ts'
import { type Headers, maskHeaders, secretsOf } from './headers.ts'

/** So much of a body is kept with a delivery or an attempt: enough to read, not to fill a table. */
const keptBytes = 4096
const keptHeaderLength = 512

/** Answer headers worth keeping; cookies and the like are not. */
const keptHeaders = [
  'content-length',
  'content-type',
  'date',
  'location',
  'retry-after',
  'server',
  'x-request-id',
]

/** What is kept of an answer. */
export type Recorded = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly [key: string]: Json
}

/** The beginning of a text, cut between two characters; without NUL, which jsonb cannot hold. */
function beginning(bytes: Buffer): string {
  const text = new StringDecoder('utf8').write(bytes.subarray(0, keptBytes))
  return text.replaceAll('\u0000', '\ufffd')
}

export function recordRequest(
  method: string,
  url: string,
  headers: Headers,
  body: string | undefined,
): JsonObject {
  const bytes = Buffer.from(body ?? '')
  return {
    method,
    url,
    headers: maskHeaders(headers),
    ...(bytes.length > 0 && { body: beginning(bytes), bodyBytes: bytes.length }),
  }
}

/** A secret may begin within what is kept, and end behind it: three times as long in a URL. */
const maskedBytes = keptBytes + 3 * 8192

/**
 * Status, some headers and the first 4 kB of the body; `truncated` where there was more. What it
 * repeats of the headers that were `sent` is masked.
 */
export function recordResponse(
  { status, headers, body, truncated }: HttpResponse,
  sent: Headers,
): Recorded {
  const kept: Record<string, string> = {}
  const mask = createMask(secretsOf(sent))
  for (const name of keptHeaders) {
    const value = headers[name]
    if (value !== undefined) kept[name] = mask(value).slice(0, keptHeaderLength)
  }
  return {
    status,
    headers: kept,
    ...(body.length > 0 && { body: beginning(masked(body, mask)) }),
    ...((truncated || body.length > keptBytes) && { truncated: true }),
  }
}

function masked(body: Buffer, mask: (text: string) => string): Buffer {
  // Byte by byte, so that no character is changed by being cut; headers are ASCII.
  const text = body.subarray(0, maskedBytes).toString('latin1')
  return Buffer.from(mask(text), 'latin1')
}
