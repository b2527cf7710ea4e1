import { smtp } from 'envoyer/channels/email'

try {
  await smtp({ url: 'smtp://127.0.0.1:1', from: 'shop@example.org' }).verify()
} catch (error) {
  console.log(error.message)
}
