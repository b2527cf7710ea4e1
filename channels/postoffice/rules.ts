import type { Outcome } from '../../src/channel/outcome.ts'

/** What the server says in words of its own. */
export type Said = 'unknown-topic' | 'no-publisher' | 'too-many'

/** What is known of a failure. */
export interface Failure {
  /** Of HTTP, 0 where there was no answer. */
  readonly status: number
  readonly said: Said | undefined
  /** Of the connection, where that failed. */
  readonly error: string
  /** True where the request may have reached the server. */
  readonly handedOver: boolean
}

export interface PostofficeRule {
  /** In words, as in the channel's page. */
  readonly when: string
  /** Of the attempt; `NNN` is the status. */
  readonly code: string
  readonly outcome: Outcome
  readonly meaning: string
  readonly applies: (failure: Failure) => boolean
}

/** The certificate is not accepted, or TLS cannot be agreed on. */
const tls = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(?:TLS|SSL)/

const isOneOf =
  (...statuses: readonly number[]) =>
  ({ status }: Failure) =>
    statuses.includes(status)

/** The first rule that applies decides. `docs/guides/channels/postoffice.md` shows the same table. */
export const postofficeRules: readonly PostofficeRule[] = [
  {
    when: 'The topic does not exist (400 "is invalid", in bulk 406 "Topic does not exist")',
    code: 'postoffice-unknown-topic',
    outcome: 'temporary',
    meaning: 'Create it on the server while the tries go on.',
    applies: ({ said }) => said === 'unknown-topic',
  },
  {
    when: 'Answer 201 with an empty list of ids: the topic has no publisher',
    code: 'postoffice-no-publisher',
    outcome: 'temporary',
    meaning:
      'The server has stored nothing. Add a publisher while the tries go on, or set `withoutPublisher`.',
    applies: ({ said }) => said === 'no-publisher',
  },
  {
    when: 'Answer 401, 403, 407',
    code: 'http-NNN',
    outcome: 'hold',
    meaning: 'What stands before the server does not accept the `headers` of the backend.',
    applies: isOneOf(401, 403, 407),
  },
  {
    when: 'Answer 404, 405',
    code: 'http-NNN',
    outcome: 'hold',
    meaning: 'There is no Postoffice at `url`.',
    applies: isOneOf(404, 405),
  },
  {
    when: 'Answer 429',
    code: 'http-429',
    outcome: 'slow',
    meaning: 'Too many requests.',
    applies: isOneOf(429),
  },
  {
    when: 'Answer 408, 409, 425',
    code: 'http-NNN',
    outcome: 'temporary',
    meaning: 'Not taken; another try may succeed.',
    applies: isOneOf(408, 409, 425),
  },
  {
    when: 'Any other answer 4xx',
    code: 'http-NNN',
    outcome: 'permanent',
    meaning: 'The server refuses the message: 413 is too large, 400 cannot be read.',
    applies: ({ status }) => status >= 400 && status <= 499,
  },
  {
    when: 'Answer 502, 504',
    code: 'http-NNN',
    outcome: 'temporary',
    meaning:
      'A proxy got no answer from the server, which may have taken the message all the same.',
    applies: isOneOf(502, 504),
  },
  {
    when: 'Any other answer 5xx',
    code: 'http-NNN',
    outcome: 'temporary',
    meaning: 'The server is out of order.',
    applies: ({ status }) => status >= 500,
  },
  {
    when: 'Any other answer but 2xx',
    code: 'http-NNN',
    outcome: 'temporary',
    meaning: 'Not an answer of Postoffice; redirects are not followed.',
    applies: ({ status }) => status > 0 && (status < 200 || status > 299),
  },
  {
    when: 'Certificate not accepted; the guard refuses the address',
    code: 'CERT_HAS_EXPIRED and the like, url-refused',
    outcome: 'hold',
    meaning: 'What answers at `url` is not the server.',
    applies: ({ error }) => tls.test(error) || error === 'url-refused',
  },
  {
    when: 'No answer after the request may have been sent (connection cut, time up, worker stopping), or a 2xx without a list of ids',
    code: 'postoffice-unconfirmed',
    outcome: 'temporary',
    meaning: 'The message may have been taken; the next try may deliver it once more.',
    applies: ({ handedOver }) => handedOver,
  },
  {
    when: 'Not connected: refused, too slow, host not found; or stopped before that',
    code: 'ECONNREFUSED, ENOTFOUND, timeout-dns, timeout-connect, aborted',
    outcome: 'temporary',
    meaning: 'The server cannot be reached. Nothing was sent.',
    applies: () => true,
  },
]
