import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type ReceivedRequest, startReceiver, type WrittenAnswer } from './http-receiver.ts'

/**
 * A stand-in of Twilio's REST API, as far as sending SMS needs it, written from Twilio's documents:
 *
 * - Requests and answers: https://www.twilio.com/docs/messaging/api/message-resource
 * - Errors: https://www.twilio.com/docs/usage/twilios-response, https://www.twilio.com/docs/api/errors
 * - Magic numbers: https://www.twilio.com/docs/iam/test-credentials
 * - Keys: https://www.twilio.com/docs/iam/api-keys/api-key ("Standard keys" cannot read the account)
 *
 * It is stricter than Twilio in two points, so that a mistake of ours is found: parameters that are
 * not in the documents are refused (20001), and so is a `To` that is not E.164.
 */
export interface TwilioStandIn {
  /** For `baseUrl`. */
  readonly url: string
  readonly accountSid: string
  readonly authToken: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly messagingServiceSid: string
  /** A number of the account. */
  readonly from: string
  /** What was accepted, oldest first. */
  readonly messages: AcceptedMessage[]
  /** All requests, the refused ones included. */
  readonly requests: ReceivedRequest[]
  /** Answers to the next requests, one each, in the place of its own. */
  next(...answers: readonly TwilioAnswer[]): void
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface AcceptedMessage {
  readonly sid: string
  /** The request's parameters. */
  readonly parameters: Readonly<Record<string, string>>
}

export type TwilioAnswer =
  | WrittenAnswer
  /** Takes the message and never answers. */
  | 'hang'
  /** Takes the message and closes the connection instead of answering. */
  | 'cut'

interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly detail?: string
}

const refusal = (code: number, message: string, status = 400): Refusal => ({
  status,
  code,
  message,
})

/** Parameters of "Create a Message", and how their values are written. */
const parameters: Readonly<Record<string, RegExp>> = {
  To: /^/,
  From: /^/,
  MessagingServiceSid: /^/,
  Body: /^/,
  StatusCallback: /^/,
  ValidityPeriod: /^/,
  ApplicationSid: /^AP[0-9a-f]{32}$/i,
  ProvideFeedback: /^(?:true|false)$/,
  Attempt: /^\d+$/,
  ContentRetention: /^(?:retain|discard)$/,
  AddressRetention: /^(?:retain|obfuscate)$/,
  SmartEncoded: /^(?:true|false)$/,
  ShortenUrls: /^(?:true|false)$/,
}

/** "Test SMS messages": the numbers that always end in the same way. */
const magicTo: Readonly<Record<string, Refusal>> = {
  '+15005550001': refusal(21211, "Invalid 'To' Phone Number: +15005550001"),
  '+15005550002': refusal(21612, 'The message cannot be sent with this To and From'),
  '+15005550003': refusal(21408, 'Permission to send an SMS has not been enabled for the region'),
  '+15005550004': refusal(21610, 'Attempt to send to unsubscribed recipient'),
  '+15005550009': refusal(21614, "'To' number is not a valid mobile number"),
}
const magicFrom: Readonly<Record<string, Refusal>> = {
  '+15005550001': refusal(21212, "Invalid 'From' Phone Number: +15005550001"),
  '+15005550007': refusal(21606, "The 'From' number is not a valid, message-capable number"),
  '+15005550008': refusal(21611, "This 'From' number has exceeded the maximum number of messages"),
}

const loginFailed: Refusal = {
  ...refusal(20003, 'Authentication Error - invalid username', 401),
  detail: 'Your AccountSid or AuthToken was incorrect.',
}

function wrongBody({ Body = '' }: Record<string, string>): Refusal | undefined {
  if (Body === '') return refusal(21619, 'A Message Body, Media URL or Content SID is required')
  return Body.length > 1600
    ? refusal(21617, 'The concatenated message body exceeds the 1600 character limit')
    : undefined
}

function wrongOption(given: Record<string, string>): Refusal | undefined {
  const { StatusCallback, ValidityPeriod } = given
  if (StatusCallback !== undefined && !/^https?:\/\/[^/_]+(?:\/|$)/.test(StatusCallback)) {
    return refusal(21609, "Invalid 'StatusCallback'")
  }
  if (ValidityPeriod !== undefined) {
    const seconds = /^\d+$/.test(ValidityPeriod) ? Number(ValidityPeriod) : 0
    if (seconds < 1 || seconds > 36_000) return refusal(21624, 'Invalid validity period value')
  }
  return undefined
}

/** Answers "POST /2010-04-01/Accounts/{AccountSid}/Messages.json" and what `verify` asks. */
export async function startTwilio(): Promise<TwilioStandIn> {
  const hex = () => randomBytes(16).toString('hex')
  const [accountSid, apiKey, messagingServiceSid] = [`AC${hex()}`, `SK${hex()}`, `MG${hex()}`]
  const [authToken, apiSecret, from] = [hex(), hex(), '+15005550006']
  const account = `/2010-04-01/Accounts/${accountSid}`
  const messages: AcceptedMessage[] = []
  const queue: TwilioAnswer[] = []
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  function wrongSender({ From, MessagingServiceSid }: Record<string, string>): Refusal | undefined {
    if (MessagingServiceSid !== undefined && MessagingServiceSid !== messagingServiceSid) {
      return refusal(21705, 'The Messaging Service is invalid')
    }
    if (From === undefined) {
      return MessagingServiceSid === undefined
        ? refusal(21603, "A 'From' or 'MessagingServiceSid' parameter is required")
        : undefined
    }
    if (/^[A-Za-z0-9 ]{1,11}$/.test(From) && /[A-Za-z]/.test(From)) return undefined
    if (magicFrom[From] !== undefined) return magicFrom[From]
    return From === from ? undefined : refusal(21606, `'From' ${From} is not a number of yours`)
  }

  function wrongMessage(given: Record<string, string>): Refusal | undefined {
    for (const [name, value] of Object.entries(given)) {
      if (parameters[name] === undefined) return refusal(20001, `Unknown parameter ${name}`)
      if (!parameters[name].test(value)) return refusal(20001, `Invalid parameter ${name}`)
    }
    const { To } = given
    if (To === undefined) return refusal(21604, "A 'To' phone number is required.")
    if (!/^\+[1-9]\d{6,14}$/.test(To)) return refusal(21211, `Invalid 'To' Phone Number: ${To}`)
    return wrongSender(given) ?? wrongBody(given) ?? wrongOption(given) ?? magicTo[To]
  }

  function wrongRequest({ method, path, headers }: ReceivedRequest): Refusal | undefined {
    const [place] = path.split('?')
    const known =
      (method === 'POST' && place === `${account}/Messages.json`) ||
      (method === 'GET' && (place === `${account}/Messages.json` || place === `${account}.json`))
    const byKey = headers.authorization === basic(apiKey, apiSecret)
    if (!byKey && headers.authorization !== basic(accountSid, authToken)) return loginFailed
    if (!known) return refusal(20404, `The requested resource ${place} was not found`, 404)
    if (byKey && place === `${account}.json`) return loginFailed
    const form = /^application\/x-www-form-urlencoded(?:;|$)/.test(headers['content-type'] ?? '')
    return method === 'POST' && !form ? refusal(20001, 'Unsupported Media Type', 415) : undefined
  }

  function write(response: ServerResponse, status: number, body: object, headers = {}): void {
    response.writeHead(status, {
      'content-type': 'application/json',
      'twilio-request-id': `RQ${hex()}`,
      ...headers,
    })
    response.end(JSON.stringify(body))
  }

  function refuse(response: ServerResponse, { status, code, message, detail }: Refusal): void {
    const more = `https://www.twilio.com/docs/errors/${code}`
    write(response, status, { code, detail, message, more_info: more, status })
  }

  function created(sid: string, given: Record<string, string>): object {
    const service = given.MessagingServiceSid
    const now = new Date().toUTCString()
    return {
      account_sid: accountSid,
      api_version: '2010-04-01',
      body: given.Body,
      date_created: now,
      date_sent: null,
      date_updated: now,
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from: given.From ?? null,
      messaging_service_sid: service ?? null,
      num_media: '0',
      // "initially 0, since a sender hasn't yet been assigned"
      num_segments: service === undefined ? '1' : '0',
      price: null,
      price_unit: null,
      sid,
      status: service === undefined ? 'queued' : 'accepted',
      subresource_uris: { media: `${account}/Messages/${sid}/Media.json` },
      to: given.To,
      uri: `${account}/Messages/${sid}.json`,
    }
  }

  function answer(request: ReceivedRequest, response: ServerResponse): void {
    const given: Record<string, string> = {}
    for (const [name, value] of new URLSearchParams(String(request.body))) given[name] = value
    const special = queue.shift()
    if (typeof special === 'object') {
      response.writeHead(special.status, special.headers).end(special.body)
      return
    }
    const wrong =
      wrongRequest(request) ?? (request.method === 'POST' ? wrongMessage(given) : undefined)
    if (wrong !== undefined) {
      refuse(response, wrong)
      return
    }
    if (request.method === 'GET' && special === undefined) {
      const uri = `${account}/Messages.json`
      const list = { messages: [], page: 0, page_size: 1, uri, next_page_uri: null }
      const itself = { sid: accountSid, status: 'active', type: 'Full', friendly_name: 'Shop' }
      write(response, 200, request.path.includes('/Messages.json') ? list : itself)
      return
    }
    const sid = `SM${hex()}`
    if (request.method === 'POST') messages.push({ sid, parameters: given })
    if (special === 'cut') response.socket?.destroy()
    else if (special !== 'hang') write(response, 201, created(sid, given))
  }

  const receiver = await startReceiver({ handler: answer })
  return {
    url: receiver.url,
    ...{ accountSid, authToken, apiKey, apiSecret, messagingServiceSid, from, messages },
    requests: receiver.requests,
    next: (...answers) => void queue.push(...answers),
    stop: receiver.stop,
    [Symbol.asyncDispose]: receiver.stop,
  }
}
