import { join } from 'node:path'
import { createSigningSecret } from '../src/secret/signing-secret.ts'
import { problemsOf } from './check.ts'
import { createShopEnvoyer, type ShopEnvoyer } from './envoyer.ts'
import { expectedDeliveries } from './expected.ts'
import { type Happenings, happenings, toldOfShipment } from './happenings.ts'
import { unlessInterrupted } from './interrupt.ts'
import { keepMails } from './keep-mails.ts'
import { narrate } from './narrate.ts'
import { groupSkipped, readEnded, type Sending } from './outcome.ts'
import { greta, jane, otto, type Person } from './people.ts'
import { run } from './run.ts'
import { conclude, showDeliveries, showMails, showSkipped, showWebhooks } from './show.ts'
import { startMailServer } from './stand-ins/mail-server.ts'
import { startWebhookReceiver } from './stand-ins/webhook-receiver.ts'
import { explain, heading, say } from './terminal.ts'

/** For the demo's own test: `mail` refuses every address, `signature` has another secret. */
const broken = process.env.DEMO_BREAK
const directory = process.env.DEMO_DIRECTORY ?? '.envoyer'

async function story(): Promise<boolean> {
  const webhookSecret = createSigningSecret()
  const receiverSecret = broken === 'signature' ? createSigningSecret() : webhookSecret
  const refuses = (address: string) => broken === 'mail' || address === otto.email
  // What is opened here is closed at the end, the last first, however the story ends.
  await using mailServer = await startMailServer(refuses)
  await using receiver = await startWebhookReceiver(receiverSecret, ['/warehouse'])
  await using envoyer = createShopEnvoyer({ smtpUrl: mailServer.url, webhookSecret, directory })

  heading('A shop opens')
  const problems = await introduce(envoyer, mailServer.url, receiver.url)

  heading('Things happen, and the shop calls `send`')
  const happened = happenings(new Date())
  const sendings = await sendAll(envoyer, happened, toldOfShipment(receiver.url))

  heading('A worker delivers')
  await deliver(envoyer, sendings)

  heading('What arrived')
  const folder = join(directory, 'mails')
  await keepMails(folder, mailServer.mails)
  showMails(mailServer.mails, folder)
  showWebhooks(receiver.requests)

  heading('What Envoyer remembers')
  const deliveries = await readEnded(envoyer, sendings)
  const skipped = groupSkipped(sendings)
  showDeliveries(deliveries)
  showSkipped(skipped)

  heading('The end')
  const outcome = { deliveries, skipped, mails: mailServer.mails, webhooks: receiver.requests }
  const expected = expectedDeliveries(happened, receiver.url)
  return conclude(deliveries.length, [...problems, ...problemsOf(outcome, expected)])
}

async function introduce(
  envoyer: ShopEnvoyer,
  smtpUrl: string,
  receiverUrl: string,
): Promise<string[]> {
  const problems = await unlessInterrupted(envoyer.templates.check())
  const onServer = process.env.ENVOYER_DATABASE_URL !== undefined
  const database = onServer
    ? 'PostgreSQL, by ENVOYER_DATABASE_URL'
    : `PostgreSQL inside this process, in ${directory}/`
  const found = problems.length === 0 ? 'no part missing, no variable misspelt' : 'with problems'
  say(
    `database   ${database}`,
    `e-mail     an SMTP server at ${smtpUrl}, which refuses ${otto.email}`,
    `webhooks   an HTTP server at ${receiverUrl}, whose /warehouse is out of order at first`,
    `templates  checked: ${found}`,
  )
  return problems.map(({ file, message }) => `${file}: ${message}`)
}

async function sendAll(
  envoyer: ShopEnvoyer,
  { janesOrder, gretasOrder, shipment, reset }: Happenings,
  told: readonly Person[],
): Promise<Sending[]> {
  // The key makes a call safe to repeat: what happened once is told once.
  const key = `${janesOrder.orderId}:placed`
  const first = await envoyer.send('order-placed', jane, janesOrder, { key })
  const repeated = await envoyer.send('order-placed', jane, janesOrder, { key })
  const second = await envoyer.send('order-placed', greta, gretasOrder)
  const third = await envoyer.send('order-shipped', told, shipment)
  const fourth = await envoyer.send('password-reset', greta, reset)

  const line = (call: string, what: string) => say(`${call.padEnd(43)}${what}`)
  line("send('order-placed', jane, …)", `${first.count} deliveries`)
  line('the same again, with the same key', repeated.repeated ? 'nothing new' : 'sent twice!')
  line("send('order-placed', greta, …)", `${second.count} deliveries`)
  const { count, skipped } = third
  line(
    `send('order-shipped', [${told.length} recipients], …)`,
    `${count} deliveries, ${skipped.total} skipped with a reason`,
  )
  line("send('password-reset', greta, …)", `${fourth.count} delivery, urgent`)
  say('')
  explain(
    'All of it is in the database now, and nothing has gone out: no worker runs yet.',
    'If the process were killed here, the next one would deliver it.',
  )
  return [
    { event: 'order-placed', recipients: [jane], result: first },
    { event: 'order-placed', recipients: [greta], result: second },
    { event: 'order-shipped', recipients: told, result: third },
    { event: 'password-reset', recipients: [greta], result: fourth },
  ]
}

async function deliver(envoyer: ShopEnvoyer, sendings: readonly Sending[]) {
  narrate(envoyer, sendings)
  // A worker stops on SIGTERM and Ctrl-C by itself; here the story's end stops it.
  await envoyer.worker({ stopOn: [] })
  await unlessInterrupted(Promise.all(sendings.map(({ result }) => envoyer.waitFor(result))))
}

await run(story)
