import { createEnvoyer } from '../../../src/index.ts'
import { channels, events, printing, shipped, shop, someone } from './shop.ts'

interface Customer {
  readonly name: string
  readonly mobile?: string
}
declare const customer: Customer

// One, several, and whatever can be iterated.
await shop.send('order-shipped', someone, shipped)
await shop.send('order-shipped', [someone, someone], shipped)
await shop.send('order-shipped', [], shipped)
const fixed = [{ email: 'a@example.org' }, { email: 'b@example.org', locale: 'de' }] as const
await shop.send('order-shipped', fixed, shipped)
const readonlyList: readonly { email: string }[] = fixed
await shop.send('order-shipped', readonlyList, shipped)
await shop.send('order-shipped', new Set([someone]), shipped)
await shop.send('order-shipped', new Map([['a', someone]]).values(), shipped)
function* each() {
  yield someone
}
async function* eachLater() {
  yield someone
}
await shop.send('order-shipped', each(), shipped)
await shop.send('order-shipped', eachLater(), shipped)

// Different shapes in one call, optional keys, several addresses.
await shop.send('order-shipped', [{ phone: '+491701234567' }, { email: 'a@example.org' }], shipped)
const mixed: ({ phone: string } | { email: string })[] = []
await shop.send('order-shipped', mixed, shipped)
const optional: { name: string; phone?: string; email?: string | null } = { name: 'Ada' }
await shop.send('order-shipped', optional, shipped)
await shop.send('order-shipped', { email: ['a@example.org', 'b@example.org'] }, shipped)
await shop.send('order-shipped', { url: { url: 'https://example.org', secret: 'x' } }, shipped)
const partly: ({ phone: string } | { name: string })[] = []
await shop.send('order-shipped', partly, shipped)
const anything = JSON.parse('{}')
await shop.send('order-shipped', anything, shipped)

// Nobody whom a configured channel reaches.
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', { name: 'Ada' }, shipped)
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', [{ name: 'Ada' }], shipped)
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', customer, shipped)
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', [customer], shipped)
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', new Set([customer]), shipped)
async function* customers() {
  yield customer
}
// @ts-expect-error: no configured channel reaches this recipient
await shop.send('order-shipped', customers(), shipped)
// @ts-expect-error: is not assignable to parameter of type
await shop.send('order-shipped', 'a@example.org', shipped)
// @ts-expect-error: Type 'string' is not assignable to type
await shop.send('order-shipped', ['a@example.org'], shipped)
// @ts-expect-error: is not assignable to parameter of type
await shop.send('order-shipped', undefined, shipped)

// The console reaches anybody.
await printing.send('order-shipped', { name: 'Ada' }, shipped)
await printing.send('order-shipped', [customer], shipped)

// So does an address function, whoever it is for.
const mobile = createEnvoyer({
  events,
  channels,
  recipient: {
    address: { sms: (user: Customer) => user.mobile },
    data: (user) => ({ name: user.name }),
    userId: (user) => user.name,
    locale: (user) => (user.mobile?.startsWith('+49') ? 'de' : undefined),
    tz: () => null,
  },
})
await mobile.send('order-shipped', customer, shipped)
await mobile.send('order-shipped', [customer, someone], shipped)
await mobile.send('order-shipped', new Set([customer]), shipped)
await mobile.send('order-shipped', customers(), shipped)
// @ts-expect-error: no configured channel reaches this recipient
await mobile.send('order-shipped', { nick: 'ada' }, shipped)

// `data` alone says what the others get, but reaches nobody.
const named = createEnvoyer({
  events,
  channels,
  recipient: { data: (user: Customer) => ({ name: user.name }), userId: (user) => user.name },
})
// @ts-expect-error: no configured channel reaches this recipient
await named.send('order-shipped', customer, shipped)

createEnvoyer({
  events,
  channels,
  recipient: {
    address: { sms: (user: Customer) => user.mobile },
    // @ts-expect-error: Property 'nick' does not exist on type 'Customer'
    data: (user) => ({ name: user.nick }),
  },
})
createEnvoyer({
  events,
  channels,
  recipient: {
    // @ts-expect-error: Type 'Date' is not assignable to type
    data: (user: { born: Date }) => ({ born: user.born }),
  },
})
