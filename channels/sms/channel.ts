import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/min'
import type { Outgoing } from '../../src/channel/backend.ts'
import { type ChannelOptions, defineChannel } from '../../src/channel/channel.ts'
import type { Rendered } from '../../src/channel/part.ts'
import { EnvoyerError } from '../../src/errors.ts'
import { parseSmsOptions, type SmsOptions } from './options.ts'
import { phoneAddress } from './phone.ts'

const parts = { text: 'required' } as const

type Parts = typeof parts

/** The rendered parts of an SMS. */
export type SmsMessage = Rendered<Parts>

/** What an SMS backend is given to send. */
export type Sms = Outgoing<string, SmsMessage, SmsOptions>

/** What the sms channel takes besides what every channel does. */
export interface PhoneOptions {
  /**
   * Of numbers without a country code (`0170 1234567`): two letters, as `DE`. Default: such numbers
   * are refused.
   */
  readonly defaultCountry?: CountryCode
}

/**
 * The SMS channel. One part: `text`. A recipient is reached by its key `phone`, a number with its
 * country code (`+49 170 1234567`), or without where there is a `defaultCountry`.
 *
 * ```ts
 * createEnvoyer({ channels: { sms: sms({ backend: twilio({ … }), defaultCountry: 'DE' }) }, … })
 * ```
 *
 * @throws EnvoyerError `configuration-invalid`
 */
export function sms(options: ChannelOptions<string, Parts, SmsOptions> & PhoneOptions) {
  const { defaultCountry, ...rest } = options
  if (defaultCountry !== undefined && !isSupportedCountry(defaultCountry)) {
    throw new EnvoyerError(
      'configuration-invalid',
      `sms: \`defaultCountry\` must be two capital letters such as DE, not ${JSON.stringify(defaultCountry)}`,
    )
  }
  const configure = defineChannel<string, Parts, SmsOptions, 'phone'>({
    address: phoneAddress(defaultCountry),
    parts,
    parseOptions: parseSmsOptions,
    // the line break that ends a template's file would be paid for, and the unbreakable spaces of
    // amounts and dates (U+00A0, U+202F) would halve the room in every segment
    complete: ({ text }) => ({ text: text.trim().replace(/[\u00a0\u202f]/g, ' ') }),
  })
  return configure(rest)
}
