/**
 * Recipients are the application's own objects. Envoyer reads the keys that it knows (`email`,
 * `phone`, `url`, `topic`, `locale`, `tz`, …) and does not mind which of them are there.
 */
export interface Person {
  readonly userId: string
  readonly name: string
  readonly email?: string | readonly string[]
  readonly phone?: string
  readonly url?: string
  readonly topic?: string
  readonly locale?: string
  readonly tz?: string
}

/** Her number is a landline, which gets no SMS. */
export const jane: Person = {
  userId: 'jane',
  name: 'Jane',
  email: 'jane@bright.example',
  phone: '+1 212 555 0147',
  tz: 'America/New_York',
}

/** Speaks German. */
export const greta: Person = {
  userId: 'greta',
  name: 'Greta',
  email: 'greta@post.example',
  phone: '+49 171 3920012',
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

/** Several mailboxes, no zone and no language: those of the shop are used. */
export const lena: Person = {
  userId: 'lena',
  name: 'Lena',
  email: ['lena@work.example', 'family@home.example'],
  phone: '+44 7700 900123',
}

/** Shares a mailbox with Lena: it gets one mail, not two. */
const tom: Person = { userId: 'tom', name: 'Tom', email: 'family@home.example' }

/** Only a phone, and what is told here goes out by e-mail and webhook. */
const phil: Person = { userId: 'phil', name: 'Phil', phone: '+44 7700 900456' }

/** His mailbox is gone: the mail server refuses it for good. */
export const otto: Person = { userId: 'otto', name: 'Otto', email: 'otto@closed.example' }

/** A topic of the message bus: whatever program subscribes to it. */
export const stock: Person = { userId: 'stock', name: 'Stock', topic: 'stock' }

/** One office orders together, and everybody wants to know when the tea comes. */
export const teaRound = [jane, greta, kenji, lena, tom, phil, otto]

/** Programs that want to know too. */
export function systems(baseUrl: string): Person[] {
  return [
    { userId: 'warehouse', name: 'Warehouse', url: `${baseUrl}/warehouse` },
    { userId: 'accounts', name: 'Accounts', url: `${baseUrl}/accounts` },
  ]
}
