import { join } from 'node:path'
import type { SendResult } from '../src/index.ts'
import { createSigningSecret } from '../src/secret/signing-secret.ts'
import { problemsOf } from './check.ts'
import { createShopEnvoyer, type ShopEnvoyer } from './envoyer.ts'
import { expectedDeliveries } from './expected.ts'
import { type Happenings, happenings, toldOfShipment } from './happenings.ts'
import { unlessInterrupted } from './interrupt.ts'
import { introduce } from './introduce.ts'
import { keepMails } from './keep-mails.ts'
import { narrate } from './narrate.ts'
import { groupSkipped, readEnded, type Sending } from './outcome.ts'
import { greta, jane, lena, otto, type Person, stock } from './people.ts'
import { run } from './run.ts'
import { conclude, showDeliveries, showSkipped } from './show.ts'
import { showArrived } from './show-arrived.ts'
import { startMailServer } from './stand-ins/mail-server.ts'
import { startPostoffice } from './stand-ins/postoffice.ts'
import { startTwilio } from './stand-ins/twilio.ts'
import { startWebhookReceiver } from './stand-ins/webhook-receiver.ts'
import { explain, heading, say } from './terminal.ts'

/** For the demo's own test: `mail` and `sms` refuse every address, `signature` has another secret. */
const broken = process.env.DEMO_BREAK
const directory = process.env.DEMO_DIRECTORY ?? '.envoyer'
const janesNumber = jane.phone?.replaceAll(' ', '')

async function story(): Promise<boolean> {
  const webhookSecret = createSigningSecret()
  const receiverSecret = broken === 'signature' ? createSigningSecret() : webhookSecret
  // What is opened here is closed at the end, the last first, however the story ends.
  await using mailServer = await startMailServer((to) => broken === 'mail' || to === otto.email)
  await using twilio = await startTwilio((to) => broken === 'sms' || to === janesNumber)
  await using postoffice = await startPostoffice()
  await using receiver = await startWebhookReceiver(receiverSecret, ['/warehouse'])
  const [smtpUrl, postofficeUrl, receiverUrl] = [mailServer.url, postoffice.url, receiver.url]
  await using envoyer = createShopEnvoyer({
    ...{ smtpUrl, twilioAccount: twilio.account, postofficeUrl, webhookSecret, directory },
  })

  heading('A shop opens')
  const places = { directory, smtpUrl, twilioUrl: twilio.url, postofficeUrl, receiverUrl }
  const problems = await introduce(envoyer, places)

  heading('Things happen, and the shop calls `send`')
  const happened = happenings(new Date())
  const sendings = await sendAll(envoyer, happened, toldOfShipment(receiverUrl))

  heading('A worker delivers')
  await deliver(envoyer, sendings)

  heading('What arrived')
  const deliveries = await readEnded(envoyer, sendings)
  const { mails } = mailServer
  const folder = join(directory, 'mails')
  await keepMails(folder, mails)
  const { messages } = twilio
  const arrived = { mails, messages, posts: postoffice.posts, webhooks: receiver.requests }
  showArrived(arrived, deliveries, folder)

  heading('What Envoyer remembers')
  const skipped = groupSkipped(sendings)
  showDeliveries(deliveries)
  showSkipped(skipped)

  heading('The end')
  const expected = expectedDeliveries(happened, receiverUrl)
  const unexpected = problemsOf({ deliveries, skipped, arrived }, expected)
  return conclude(deliveries.length, [...problems, ...unexpected])
}

async function sendAll(
  envoyer: ShopEnvoyer,
  { janesOrder, gretasOrder, stockLeft, shipment, arrival, reset }: Happenings,
  told: readonly Person[],
): Promise<Sending[]> {
  const awaited = [greta, lena, jane]
  // The key makes a call safe to repeat: what happened once is told once.
  const key = `${janesOrder.orderId}:placed`
  const janes = await envoyer.send('order-placed', jane, janesOrder, { key })
  const repeated = await envoyer.send('order-placed', jane, janesOrder, { key })
  const gretas = await envoyer.send('order-placed', greta, gretasOrder)
  const stocks: SendResult[] = []
  for (const left of stockLeft) stocks.push(await envoyer.send('stock-changed', stock, left))
  const shipped = await envoyer.send('order-shipped', told, shipment)
  const arriving = await envoyer.send('order-arriving', awaited, arrival)
  const urgent = await envoyer.send('password-reset', greta, reset)

  const line = (call: string, what: string) => say(`${call.padEnd(43)}${what}`)
  line("send('order-placed', jane, …)", `${janes.count} deliveries`)
  line('the same again, with the same key', repeated.repeated ? 'nothing new' : 'sent twice!')
  line("send('order-placed', greta, …)", `${gretas.count} deliveries`)
  line(`send('stock-changed', stock, …) × ${stocks.length}`, `${stocks.length} deliveries`)
  line(
    `send('order-shipped', [${told.length} recipients], …)`,
    `${shipped.count} deliveries, ${shipped.skipped.total} skipped (see 5.)`,
  )
  line(`send('order-arriving', [${awaited.length} recipients], …)`, `${arriving.count} deliveries`)
  line("send('password-reset', greta, …)", `${urgent.count} delivery, urgent`)
  say('')
  explain(
    'All of it is in the database now, and nothing has gone out: no worker runs',
    'yet. If the process were killed here, the next one would deliver it.',
  )
  return [
    { event: 'order-placed', recipients: [jane], result: janes },
    { event: 'order-placed', recipients: [greta], result: gretas },
    ...stocks.map((result) => ({ event: 'stock-changed', recipients: [stock], result })),
    { event: 'order-shipped', recipients: told, result: shipped },
    { event: 'order-arriving', recipients: awaited, result: arriving },
    { event: 'password-reset', recipients: [greta], result: urgent },
  ]
}

async function deliver(envoyer: ShopEnvoyer, sendings: readonly Sending[]) {
  narrate(envoyer, sendings)
  // A worker stops on SIGTERM and Ctrl-C by itself; here the story's end stops it.
  await envoyer.worker({ stopOn: [] })
  await unlessInterrupted(Promise.all(sendings.map(({ result }) => envoyer.waitFor(result))))
}

await run(story)
