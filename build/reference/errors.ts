import { errorTable } from '../../src/errors.ts'
import { code, page, table } from './markdown.ts'

/** What can stand in `errorCode` of a delivery besides the codes of backends. */
export const deliveryCodes = {
  'worker-lost':
    'The worker that had it did not come back (it was killed, or the machine stopped). The message may have gone out. It is tried again at once, with nothing else in flight beside it on that channel of that worker.',
  'render-failed':
    'A template failed: the text names file and line. It is tried again, so mending the template is enough.',
  'template-missing': 'The template was there when `send` was called, and is gone.',
  'context-invalid':
    'The stored context does not fit the schema of the event any more. Change the schema so that it takes what is stored.',
  'secret-key-invalid':
    'The address or the context holds a secret that this process cannot decrypt: its `secretKey` is another one. Tried again each minute, and never given up for it.',
  'window-after-deadline':
    'Not tried: its deadline is still to come, and its windows do not open before it. See [deadlines](../guides/windows.md#deadlines).',
  'deadline-passed':
    'Not tried: its deadline was over already. See [deadlines](../guides/windows.md#deadlines).',
  'no-opening':
    'Not tried: closed dates leave nothing of its windows open within two years. Its fallback is sent.',
  'context-erased': 'The sensitive context was erased when the notification was settled.',
  'package-missing': 'The backend needs a package that is not installed; the text names it.',
  timeout: 'The attempt took longer than the channel’s `timeoutMs`. The message may have gone out.',
  error: 'The backend threw an error without a `code`.',
} as const

export function errorsPage(): string {
  return page(
    'Errors',
    'Functions of Envoyer throw one class of error, `EnvoyerError`. Its `code` is stable; its text is for people, and says what was wrong and what to do. `problems` holds what was wrong, one line each. Where Envoyer works in a transaction of yours, errors of the database itself are passed on unchanged.',
    table(
      ['code', 'meaning', 'what to do'],
      Object.entries(errorTable).map(([name, { meaning, remedy }]) => [
        code(name),
        meaning,
        remedy,
      ]),
    ),
    '## Codes of deliveries',
    'A delivery that failed, or waits to be tried again, has an `errorCode` and an `errorText`; each failed try is kept with its own. These codes come from Envoyer:',
    table(
      ['code', 'meaning'],
      Object.entries(deliveryCodes).map(([name, meaning]) => [code(name), meaning]),
    ),
    'All others come from the backend: [`smtp-550` and the like](../guides/channels/email.md#errors), [`twilio-21211` and the like](../guides/channels/sms.md#errors), [`http-503` and the like](../guides/channels/webhook.md#errors), or the code of a system error such as `ECONNREFUSED`. Backends of your own throw `Permanent`, `RetryAfter` or `DeliveryError` with a `code` that they choose.',
  )
}
