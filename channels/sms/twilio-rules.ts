import type { Outcome } from '../../src/channel/outcome.ts'

/** What is known of a failure. */
export interface Failure {
  /** Twilio's own code, 0 where the answer has none. */
  readonly code: number
  /** Of HTTP, 0 where there was no answer that could be read. */
  readonly status: number
  /** Of the connection, where that failed. */
  readonly error: string
  /** True where the request may have reached Twilio. */
  readonly handedOver: boolean
}

export interface TwilioRule {
  /** In words, as in the channel's page. */
  readonly when: string
  /** Of the attempt; `NNNNN` is Twilio's code, `NNN` the status. */
  readonly code: string
  readonly outcome: Outcome
  readonly meaning: string
  readonly codes: readonly number[]
  readonly applies: (failure: Failure) => boolean
}

function byCode(codes: readonly number[], outcome: Outcome, meaning: string): TwilioRule {
  return {
    when: codes.join(', '),
    code: 'twilio-NNNNN',
    outcome,
    meaning,
    codes,
    applies: ({ code }) => codes.includes(code),
  }
}

function otherwise(rule: Omit<TwilioRule, 'codes'>): TwilioRule {
  return { ...rule, codes: [] }
}

/** The certificate is not accepted, or TLS cannot be agreed on. */
const tls = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(?:TLS|SSL)/

/**
 * The first rule that applies decides. The codes are those of Twilio's dictionary
 * (https://www.twilio.com/docs/api/errors) that can answer a request to send; new ones are told by
 * their status. `docs/guides/channels/sms.md` shows the same table.
 */
export const twilioRules: readonly TwilioRule[] = [
  byCode(
    [21211, 21214, 21217, 21265, 21266, 21268, 21614, 21635],
    'permanent',
    'The number cannot receive SMS: it does not exist, is a landline, a short code, a premium number, or the sender itself.',
  ),
  byCode(
    [21610],
    'permanent',
    'The recipient has answered STOP and is not to be written to until they answer START.',
  ),
  byCode(
    [21408, 21612, 21662, 21668],
    'permanent',
    'No message can go there from this sender: the country is not enabled in your account, or there is no route.',
  ),
  byCode([21608], 'permanent', 'A trial account sends to verified numbers only.'),
  byCode(
    [21602, 21604, 21605, 21617, 21618, 21619, 21624],
    'permanent',
    'Twilio does not take this message: empty, over 1,600 characters, or with an invalid option.',
  ),
  byCode(
    [
      ...[21212, 21267, 21603, 21606, 21607, 21609, 21616, 21657, 21659, 21660, 21661, 21663],
      ...[21701, 21702, 21703, 21704, 21705, 21709, 21711, 21712],
    ],
    'temporary',
    'The sender, the messaging service or the callback URL is not usable; mend it in the configuration or in Twilio’s console while the tries go on.',
  ),
  byCode(
    [21611, 63038],
    'hold',
    'The queue of the sender is full, or the day’s messages of the account are used up.',
  ),
  byCode(
    [14107, 20429, 60728, 63017],
    'slow',
    'Too many requests. Twilio has not processed this one.',
  ),
  byCode(
    [10001, 20003, 20005, 20006, 20008, 20010, 20403, 20404, 70051],
    'hold',
    'The credentials of the backend are wrong, lack a permission, or the account is not active.',
  ),
  byCode([20500, 20503, 21730], 'temporary', 'Twilio is out of order, or under maintenance.'),
  otherwise({
    when: 'Any other answer 429',
    code: 'http-429',
    outcome: 'slow',
    meaning: 'Too many requests.',
    applies: ({ status }) => status === 429,
  }),
  otherwise({
    when: 'Any other answer 401, 403, 404',
    code: 'twilio-NNNNN, else http-NNN',
    outcome: 'hold',
    meaning: 'The account, its credentials or `baseUrl` are wrong.',
    applies: ({ status }) => [401, 403, 404].includes(status),
  }),
  otherwise({
    when: 'Answer 408',
    code: 'http-408',
    outcome: 'temporary',
    meaning: 'Twilio waited too long for the request.',
    applies: ({ status }) => status === 408,
  }),
  otherwise({
    when: 'Any other answer 4xx',
    code: 'twilio-NNNNN, else http-NNN',
    outcome: 'permanent',
    meaning: 'Twilio refuses the message.',
    applies: ({ status }) => status >= 400 && status <= 499,
  }),
  otherwise({
    when: 'Any other answer 5xx',
    code: 'twilio-NNNNN, else http-NNN',
    outcome: 'temporary',
    meaning: 'Twilio is out of order. With 502 and 504 the message may be on its way all the same.',
    applies: ({ status }) => status >= 500,
  }),
  otherwise({
    when: 'Any other answer (1xx, 3xx)',
    code: 'http-NNN',
    outcome: 'temporary',
    meaning: 'Not an answer of Twilio; redirects are not followed.',
    applies: ({ status }) => status > 0,
  }),
  otherwise({
    when: 'Certificate not accepted; the name leads into a private network',
    code: 'CERT_HAS_EXPIRED and the like, url-refused',
    outcome: 'hold',
    meaning: 'What answers there is not Twilio.',
    applies: ({ error }) => tls.test(error) || error === 'url-refused',
  }),
  otherwise({
    when: 'No readable answer after the request may have been sent: connection cut, time up, worker stopping',
    code: 'twilio-unconfirmed',
    outcome: 'temporary',
    meaning: 'The message may have been delivered; the next try may deliver it once more.',
    applies: ({ handedOver }) => handedOver,
  }),
  otherwise({
    when: 'Not connected: refused, too slow, host not found; or stopped before that',
    code: 'ECONNREFUSED, ENOTFOUND, timeout-dns, timeout-connect, aborted',
    outcome: 'temporary',
    meaning: 'Twilio cannot be reached. Nothing was sent.',
    applies: () => true,
  }),
]
