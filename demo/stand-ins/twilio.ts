import { randomBytes } from 'node:crypto'
import { type HttpAnswer, type HttpServer, startHttpServer } from './http-server.ts'

/** An SMS as Twilio's interface took it. */
export interface ArrivedSms {
  /** By which Twilio knows the message. */
  readonly sid: string
  readonly to: string
  readonly text: string
}

export interface TwilioStandIn extends HttpServer {
  /** For the backend. */
  readonly account: {
    readonly accountSid: string
    readonly authToken: string
    readonly baseUrl: string
  }
  readonly messages: readonly ArrivedSms[]
}

const hex = () => randomBytes(16).toString('hex')

/** As https://www.twilio.com/docs/usage/twilios-response shows it. */
const refusal = (status: number, code: number, message: string): HttpAnswer => ({
  status,
  body: { status, code, message, more_info: `https://www.twilio.com/docs/errors/${code}` },
})

/**
 * In place of https://api.twilio.com: takes messages as "Create a Message" says, from who knows the
 * account's token, and refuses the numbers that `refuses` names as landlines.
 */
export async function startTwilio(refuses: (number: string) => boolean): Promise<TwilioStandIn> {
  const [accountSid, authToken] = [`AC${hex()}`, hex()]
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`
  const login = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
  const messages: ArrivedSms[] = []
  const server = await startHttpServer((request) => {
    if (request.headers.authorization !== login) return refusal(401, 20003, 'Authenticate')
    if (request.path !== path) return refusal(404, 20404, 'The resource was not found')
    const given = new URLSearchParams(request.body.toString())
    const [to, text] = [given.get('To') ?? '', given.get('Body') ?? '']
    if (refuses(to)) return refusal(400, 21614, "'To' number is not a valid mobile number")
    const sid = `SM${hex()}`
    messages.push({ sid, to, text })
    // Twilio counts the segments when it sends, later than it answers.
    return { status: 201, body: { sid, status: 'accepted', num_segments: '0' } }
  })
  return { ...server, account: { accountSid, authToken, baseUrl: server.url }, messages }
}
