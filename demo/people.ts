/**
 * Recipients are the application's own objects. Envoyer reads the keys that it knows (`email`,
 * `url`, `locale`, `tz`, `userId`, …) and does not mind which of them are there.
 */
export interface Person {
  readonly userId: string
  readonly name: string
  readonly email?: string | readonly string[]
  readonly phone?: string
  readonly url?: string
  readonly locale?: string
  readonly tz?: string
}

export const jane: Person = {
  userId: 'jane',
  name: 'Jane',
  email: 'jane@brightmail.example',
  tz: 'America/New_York',
}

/** Speaks German. */
export const greta: Person = {
  userId: 'greta',
  name: 'Greta',
  email: 'greta@post.example',
  locale: 'de-AT',
  tz: 'Europe/Vienna',
}

/** Speaks a language that we have no templates for, nine hours ahead of us. */
const kenji: Person = {
  userId: 'kenji',
  name: 'Kenji',
  email: 'kenji@mail.example',
  locale: 'ja',
  tz: 'Asia/Tokyo',
}

/** Several addresses, no zone and no language: those of the shop are used. */
const lena: Person = {
  userId: 'lena',
  name: 'Lena',
  email: ['lena@work.example', 'family@home.example'],
}

/** Shares a mailbox with Lena: it gets one mail, not two. */
const tom: Person = { userId: 'tom', name: 'Tom', email: 'family@home.example' }

/** Only a phone, and the shop has no SMS channel. */
const phil: Person = { userId: 'phil', name: 'Phil', phone: '+447700900123' }

/** His mailbox is gone: the mail server refuses it for good. */
export const otto: Person = { userId: 'otto', name: 'Otto', email: 'otto@closed.example' }

/** One office orders together, and everybody wants to know when the tea comes. */
export const teaRound = [jane, greta, kenji, lena, tom, phil, otto]

/** Programs that want to know too. */
export function systems(baseUrl: string): Person[] {
  return [
    { userId: 'warehouse', name: 'Warehouse', url: `${baseUrl}/warehouse` },
    { userId: 'accounts', name: 'Accounts', url: `${baseUrl}/accounts` },
  ]
}
