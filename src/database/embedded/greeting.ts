import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { EnvoyerError } from '../../errors.ts'
import type { Connection } from './connection.ts'

/** Raised with every change of what goes over the socket. */
const protocol = 1

/** What both ends must agree on: the tables, their schema. */
export type Terms = Readonly<Record<string, string>>

interface Hello {
  readonly envoyer: number
  readonly nonce: string
  readonly terms: Terms
  /** That the one who says hello can read the lock file; the client gives it after the owner. */
  readonly proof?: string
}

const greetingMs = 10_000

/**
 * Node.js cannot ask the system whose process is at the other end. The modes of socket and folder
 * keep others out; and each end proves that it can read the lock file, which is its user's alone.
 */
const proofOf = (token: string, who: 'owner' | 'client', nonce: string) =>
  createHmac('sha256', token).update(`${who} ${nonce}`).digest('hex')

function proves(hello: Partial<Hello>, expected: string): boolean {
  const given = Buffer.from(String(hello.proof ?? ''))
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected))
}

function parse(text: string): Partial<Hello> {
  const hello: unknown = JSON.parse(text)
  if (hello === null || typeof hello !== 'object') throw new Error('no greeting')
  return hello
}

function differences(own: Terms, { envoyer, terms = {} }: Partial<Hello>): string[] {
  if (envoyer !== protocol) return [`it speaks version ${envoyer} of the protocol, not ${protocol}`]
  return Object.keys(own)
    .filter((name) => own[name] !== terms[name])
    .map((name) => `its ${name}: ${terms[name]}; here: ${own[name]}`)
}

const nonce = () => randomBytes(16).toString('hex')

/** The owner's half. Gives true once a client has proved itself and agrees; else it is cut off. */
export function greetClient(connection: Connection, token: string, terms: Terms): Promise<boolean> {
  const mine = nonce()
  let theirs: Partial<Hello> | undefined
  return new Promise((resolve) => {
    const refuse = () => {
      connection.cut()
      resolve(false)
    }
    const timer = setTimeout(refuse, greetingMs)
    timer.unref()
    void connection.ended.then(() => {
      clearTimeout(timer)
      resolve(false)
    })
    connection.receive((text) => {
      const said = parse(text)
      if (theirs === undefined) {
        theirs = said
        const proof = proofOf(token, 'owner', String(said.nonce))
        connection.send(JSON.stringify({ envoyer: protocol, nonce: mine, terms, proof }))
        return
      }
      clearTimeout(timer)
      const agreed = differences(terms, theirs).length === 0
      if (!agreed || !proves(said, proofOf(token, 'client', mine))) return refuse()
      connection.receive(undefined)
      connection.trust()
      resolve(true)
    })
  })
}

/** The client's half. Throws `socket-refused` or `owner-differs`; an error with a code where it ends. */
export function greetOwner(connection: Connection, token: string, terms: Terms): Promise<void> {
  const mine = nonce()
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer)
      connection.cut()
      reject(error)
    }
    const gone = () => Object.assign(new Error('The owner did not answer.'), { code: 'ECONNRESET' })
    const timer = setTimeout(() => fail(gone()), greetingMs)
    void connection.ended.then(() => fail(gone()))
    connection.receive((text) => {
      const said = parse(text)
      // Told apart before anything is believed: a later version may prove itself in another way.
      const different = differences(terms, said)
      if (said.envoyer === protocol && !proves(said, proofOf(token, 'owner', mine))) {
        const problem = 'who answers there does not know what the lock file says'
        return fail(new EnvoyerError('socket-refused', problem))
      }
      if (different.length > 0) return fail(new EnvoyerError('owner-differs', different))
      clearTimeout(timer)
      connection.receive(undefined)
      connection.trust()
      connection.send(JSON.stringify({ proof: proofOf(token, 'client', String(said.nonce)) }))
      resolve()
    })
    connection.send(JSON.stringify({ envoyer: protocol, nonce: mine, terms }))
  })
}
