import type { ShopEnvoyer } from './envoyer.ts'
import { unlessInterrupted } from './interrupt.ts'
import { jane, otto } from './people.ts'
import { say } from './terminal.ts'

export interface Places {
  readonly directory: string
  readonly smtpUrl: string
  readonly twilioUrl: string
  readonly postofficeUrl: string
  readonly receiverUrl: string
}

/** Says what the shop consists of; gives what is wrong with its templates. */
export async function introduce(envoyer: ShopEnvoyer, places: Places): Promise<string[]> {
  const problems = await unlessInterrupted(envoyer.templates.check())
  const onServer = process.env.ENVOYER_DATABASE_URL !== undefined
  const database = onServer
    ? 'PostgreSQL, by ENVOYER_DATABASE_URL'
    : `PostgreSQL inside this process, in ${places.directory}/`
  const found = problems.length === 0 ? 'no part missing, no variable misspelt' : 'with problems'
  say(
    `database    ${database}`,
    `templates   checked: ${found}`,
    `email       ${places.smtpUrl}, which refuses ${otto.email}`,
    `sms         ${places.twilioUrl} for Twilio, which refuses ${jane.phone}`,
    `postoffice  ${places.postofficeUrl}, which hands on what comes for a topic`,
    `webhook     ${places.receiverUrl}, whose /warehouse is out of order at first`,
    'console     this terminal',
  )
  return problems.map(({ file, message }) => `${file}: ${message}`)
}
